/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from an edit: other records of ours that change with it, in the same
 * transaction. follow.def says what follows from what; one function a consequence.
 *
 *     exchange_check -> node_edit -> follow_edit -> follow_put ... -> follow_edit ...
 *
 * Only a person's edit has consequences: an import brings records as they are, but for a
 * structure that is closed, and one that moves home or away from there (api_host.c). A consequence writes with follow_put, through the
 * same checks as a person, and may have consequences itself, so the table holds no circle.
 * It sees the directory as
 * it was before the edit (`was.host->reader`), and writes only records of this node.
 * Whatever fails undoes the edit and all that followed; what was refused is in the
 * edit's findings. */
#ifndef DAEMON_FOLLOW_H
#define DAEMON_FOLLOW_H

#include "daemon/node/node.h"
#include "daemon/rules/checking.h"

struct following {
	struct node *n;
	/* The edit beside the record as it stood: rules_before, rules_after, rules_enters. */
	struct checking was;
	char uid[ULID_LEN + 1]; /* whose edit it is; a new record has its uid by now */
	size_t field; /* the row's: what changed */
	struct buf *answer; /* NULL, or it gets what else was done, as members of an object */
};

#define FOLLOW(kind, field, value, function) ES_MUST_USE enum es_err function(const struct following *f);
#define FOLLOW_ALL(number, function) ES_MUST_USE enum es_err function(const struct following *f);
#include "daemon/rules/follow.def"
#undef FOLLOW
#undef FOLLOW_ALL

/* After node_edit: all that follows. `was.e` is the edit as it was checked. */
ES_MUST_USE enum es_err follow_edit(const struct following *f);

/* One field of a record that follows, as a person would write it; "" clears. */
struct follow_value {
	const char *field, *text;
};
/* Writes one record: a new one, or where `uid` names it, ours of that uid. */
ES_MUST_USE enum es_err follow_put(const struct following *because, const char *kind, const char *uid,
				   const struct follow_value *values, size_t count);
/* The same for each uid that the query gives, one column; at most FOLLOW_MANY. Its
 * parameters are texts. */
#define FOLLOW_MANY 1024
ES_MUST_USE enum es_err follow_put_each(const struct following *because, const char *kind, const char *sql,
					const struct slice *args, size_t arg_count, const struct follow_value *values, size_t count);
/* The i-th follow-up of a partnership that started then: after how many months, and the
 * day. False: there are no more, or the start is no date. */
bool partnership_due(struct slice start, size_t i, const char **months, char date[11]);

#endif
