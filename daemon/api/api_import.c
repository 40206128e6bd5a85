/* SPDX-License-Identifier: Apache-2.0
 *
 * import: one table, or a folder's tables in one go ("kind=all"): then the body
 * holds each behind a line "@kind name bytes\n", and the answer is the reports in
 * that order. Either way one transaction: all of it or nothing, and nothing where who
 * asked for it is gone before the end: it can be repeated. What it narrowed is erased
 * elsewhere by orders of the same transaction. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "daemon/api/api_parts.h"
#include "daemon/exchange/matcher.h"
#include "daemon/rules/repeats.h"
#include "proto/canon.h"

/* --- what the exchange asks --- */

static enum es_err ready(struct editing_host *h)
{
	if (h->matcher)
		return ES_OK;
	return h->n->reader ? matcher_open(h->n->reader, h->n->owner, &h->matcher) : ES_OK;
}

static enum es_err ask(struct editing_host *h, const struct edit *e,
		       void (*how)(const struct matcher *, const struct structure_line *, struct exchange_match *),
		       struct exchange_match *match)
{
	struct structure_line line = {0};
	enum es_err err;

	*match = (struct exchange_match){0};
	if (strcmp(e->kind->name, "structure") != 0)
		return ES_OK;
	err = ready(h);
	if (err != ES_OK || !h->matcher)
		return err;
	line = (struct structure_line){.siret = edit_text(e, structure_siret), .siren = edit_text(e, structure_siren),
				       .rna = edit_text(e, structure_rna), .nom = edit_text(e, structure_nom),
				       .code_insee = edit_text(e, structure_code_insee)};
	how(h->matcher, &line, match);
	return ES_OK;
}

static enum es_err host_find(void *ctx, const struct edit *e, struct exchange_match *match)
{
	return ask(ctx, e, matcher_find, match);
}

/* R18: a line of another kind means the record that says the same. */
static enum es_err find_repeated(struct editing_host *h, const struct edit *e, struct exchange_match *match)
{
	enum es_err err = ES_OK;

	*match = (struct exchange_match){0};
	if (!h->n->reader || e->columns == 0)
		return ES_OK;
	if (!repeats_serves(h->repeats, e->kind, e->columns)) {
		repeats_close(h->repeats);
		h->repeats = NULL;
		err = repeats_open(h->n->reader, h->n->owner, e->kind, e->columns, &h->repeats);
	}
	if (err == ES_OK && repeats_take(h->repeats, e, &match->uids[0]))
		*match = (struct exchange_match){.by = "ligne", .sure = true, .count = 1, .uids = {match->uids[0]}};
	return err;
}

static enum es_err host_resemble(void *ctx, const struct edit *e, struct exchange_match *match)
{
	return strcmp(e->kind->name, "structure") == 0 ? ask(ctx, e, matcher_resemble, match) : find_repeated(ctx, e, match);
}

static bool host_contact(void *ctx, const struct id16 *structure, const struct edit *e, struct id16 *uid)
{
	struct editing_host *h = ctx;
	struct contact_line line = {.courriel = edit_text(e, contact_courriel), .prenom = edit_text(e, contact_prenom),
				    .nom = edit_text(e, contact_nom), .telephone = edit_text(e, contact_telephone)};

	return h->n->reader && reader_contact(h->n->reader, h->n->owner, structure, &line, uid);
}

/* Whoever asked is gone (killed, or its machine) and will not hear what became of it. */
static bool asker_gone(const struct editing_host *h)
{
	struct pollfd p = {.fd = h->asker};

	return h->asker >= 0 && poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

static enum es_err host_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct editing_host *h = ctx;

	atomic_store(&h->api->import_done, h->done_before + done);
	atomic_store(&h->api->import_total, h->bytes ? h->bytes : total);
	return asker_gone(h) ? ES_TIMEOUT : ES_OK;
}

/* --- options --- */

static enum es_err kind_option(struct request *r, struct slice name, const struct schema_kind **out)
{
	*out = schema_kind_named(name);
	if (*out)
		return ES_OK;
	buf_printf(&r->why, _("%.*s: unknown kind"), (int)(name.len < 64 ? name.len : 64), (const char *)name.p);
	return ES_UNKNOWN_KIND;
}

static enum es_err candidates_option(struct request *r, enum candidates *out)
{
	static const char *const names[] = {"", "new", "same"};
	const char *asked = request_param(r, "candidates");

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(asked, names[i]) != 0)
			continue;
		*out = (enum candidates)i;
		return ES_OK;
	}
	buf_str(&r->why, _("candidates are new or same"));
	return ES_USAGE;
}

static enum es_err import_options(struct request *r, struct import_options *o)
{
	const char *separator = request_param(r, "separator");

	o->skip_rejected = strcmp(request_param(r, "skip_rejected"), "1") == 0;
	o->brief = strcmp(request_param(r, "brief"), "1") == 0;
	o->encoding = request_param(r, "encoding")[0] ? request_param(r, "encoding") : NULL;
	if (strcmp(separator, "tab") == 0 || strcmp(separator, "\\t") == 0)
		separator = "\t";
	if (strlen(separator) > 1 ||
	    (o->encoding && strcmp(o->encoding, "utf-8") != 0 && strcmp(o->encoding, "windows-1252") != 0)) {
		buf_str(&r->why, _("encoding is utf-8 or windows-1252, separator one character"));
		return ES_USAGE;
	}
	o->separator = separator[0];
	return candidates_option(r, &o->candidates);
}

static enum es_err map_spool(struct request *r, struct slice *out)
{
	*out = SLICE_NONE;
	if (!r->spool || r->spooled == 0)
		return ES_OK;
	void *p = mmap(NULL, (size_t)r->spooled, PROT_READ, MAP_PRIVATE, fileno(r->spool), 0);
	if (p == MAP_FAILED)
		return ES_IO;
	*out = SLICE(p, (size_t)r->spooled);
	return ES_OK;
}

/* --- the reports --- */

void holder_json(void *ctx, const char *name)
{
	struct buf *out = ctx;

	if (out->p[out->len - 1] != '[')
		buf_str(out, ",");
	json_quote(slice_str(name), out);
}

/* The report's last brace makes room for whether anything was written. */
static enum es_err close_report(struct request *r, FILE *report, bool written, enum scope widest, struct node *n)
{
	struct buf tail;

	buf_init(&tail, 65536);
	buf_printf(&tail, ",\"written\":%s", written ? "true" : "false");
	if (written && widest < SCOPE_LOCAL) {
		buf_str(&tail, ",\"encore_chez\":[");
		node_holders(n, widest, holder_json, &tail);
		buf_str(&tail, "]");
	}
	buf_str(&tail, "}\n");
	bool good = fflush(report) == 0 && fseeko(report, -2, SEEK_END) == 0 && fgetc(report) == '}' &&
		    fgetc(report) == '\n' && fseeko(report, -2, SEEK_END) == 0 && fwrite(tail.p, 1, tail.len, report) == tail.len &&
		    fflush(report) == 0;
	buf_done(&tail);
	r->out_file = report;
	return good ? ES_OK : ES_IO;
}

/* One table of a folder. */
struct table {
	const struct schema_kind *kind;
	struct slice name, file; /* name: as the CLI calls it */
};

/* "@structure structures.csv 1234\n" and that many bytes; false at the end and where
 * it is none of it (then *at is not at the end). */
static bool next_table(struct slice body, size_t *at, struct table *t)
{
	const char *line = (const char *)body.p + *at;
	const char *end = *at < body.len ? memchr(line, '\n', body.len - *at) : NULL;
	const char *kind_end = end ? memchr(line, ' ', (size_t)(end - line)) : NULL;
	const char *name_end = end;
	uint64_t bytes = 0;

	if (!kind_end || line[0] != '@' || end - line > 600)
		return false;
	while (name_end > kind_end && name_end[-1] != ' ')
		name_end--;
	for (const char *p = name_end; p < end && bytes <= body.len; p++)
		bytes = bytes * 10 + (uint64_t)(*p - '0');
	*at = (size_t)(end - (const char *)body.p) + 1;
	if (name_end - 1 <= kind_end || bytes > body.len - *at)
		return false;
	t->kind = schema_kind_named(SLICE(line + 1, kind_end - line - 1));
	t->name = SLICE(kind_end + 1, name_end - kind_end - 2);
	t->file = SLICE(body.p + *at, bytes);
	*at += bytes;
	return t->kind != NULL;
}

static void add_counts(struct import_counts *sum, const struct import_counts *n)
{
	sum->accepted += n->accepted;
	sum->warned += n->warned;
	sum->rejected += n->rejected;
	sum->new_ += n->new_;
	sum->changed += n->changed;
	sum->same += n->same;
	sum->candidates += n->candidates;
	sum->contacts_new += n->contacts_new;
	sum->contacts_changed += n->contacts_changed;
}

static bool put_text(FILE *report, struct buf *text)
{
	bool good = buf_err(text) == ES_OK && fwrite(text->p, 1, text->len, report) == text->len;

	buf_clear(text);
	return good;
}

static enum es_err import_table(struct request *r, struct editing_host *h, struct import_options *o, const struct table *t,
				bool first, FILE *report, struct import_counts *sum)
{
	struct import_counts counts = {0};
	struct buf text;
	enum es_err err;

	buf_init(&text, 4096);
	buf_printf(&text, "%s{\"kind\":\"%s\",\"file\":", first ? "" : ",", t->kind->name);
	json_quote(t->name, &text);
	buf_str(&text, ",\"report\":");
	o->kind = t->kind;
	err = put_text(report, &text) ? exchange_import(t->file, o, h->n->ref, &h->host, report, &counts, &r->why) : ES_IO;
	if (err == ES_BAD_VALUE && r->why.len > 0)
		buf_printf(&r->why, " (%.*s)", (int)t->name.len, (const char *)t->name.p);
	if (err == ES_OK && fputs("}\n", report) < 0)
		err = ES_IO;
	add_counts(sum, &counts);
	buf_done(&text);
	return err;
}

static enum es_err import_tables(struct request *r, struct editing_host *h, struct import_options *o, struct slice body,
				 FILE *report, struct import_counts *sum)
{
	enum es_err err = fputs("{\"tables\":[\n", report) < 0 ? ES_IO : ES_OK;
	struct table t;
	struct buf text;
	size_t at = 0, count = 0;

	h->bytes = body.len;
	while (err == ES_OK && next_table(body, &at, &t)) {
		h->done_before = at - t.file.len;
		err = import_table(r, h, o, &t, count++ == 0, report, sum);
	}
	if (err == ES_OK && (at != body.len || count == 0)) {
		buf_str(&r->why, _("not a folder's tables"));
		err = ES_MALFORMED;
	}
	if (err != ES_OK)
		return err;
	buf_init(&text, 4096);
	buf_str(&text, "],");
	exchange_counts_json(sum, &text);
	buf_str(&text, "}\n");
	err = put_text(report, &text) ? ES_OK : ES_IO;
	buf_done(&text);
	return err;
}

static enum es_err import_body(struct request *r, struct editing_host *h, struct import_options *o, struct slice body,
			       FILE *report, struct import_counts *counts)
{
	const char *kind = request_param(r, "kind");
	enum es_err err;

	if (strcmp(kind, "all") == 0)
		return import_tables(r, h, o, body, report, counts);
	err = kind_option(r, slice_str(kind), &o->kind);
	return err == ES_OK ? exchange_import(body, o, h->n->ref, &h->host, report, counts, &r->why) : err;
}

/* All of it or nothing; *written: whether. */
static enum es_err import_marked(struct request *r, struct editing_host *h, struct import_options *o, struct slice body,
				 FILE *report, bool *written)
{
	bool dry = strcmp(request_param(r, "dry_run"), "1") == 0;
	struct import_counts counts = {0};
	enum es_err err = journal_mark(h->n->journal), released;

	if (err == ES_OK)
		err = import_body(r, h, o, body, report, &counts);
	if (err == ES_OK && asker_gone(h))
		err = ES_TIMEOUT;
	*written = err == ES_OK && !dry && (counts.rejected == 0 || o->skip_rejected);
	released = journal_unmark(h->n->journal, *written);
	if (err == ES_OK)
		err = released;
	if (err == ES_OK && *written)
		err = node_erase_withdrawn(h->n, (const struct withdrawn *)(const void *)h->withdrawn.p,
					   h->withdrawn.len / sizeof(struct withdrawn));
	return err;
}

/* A job that writes nothing is told so by this error, and answered all the same. */
enum es_err api_import(struct request *r, struct node *n)
{
	struct import_options o = {0};
	struct editing_host h;
	struct slice body = SLICE_NONE;
	bool written = false;
	FILE *report = NULL;
	enum es_err err = import_options(r, &o);

	editing_host_init(&h, r, n, false);
	h.host.find = host_find;
	h.host.resemble = host_resemble;
	h.host.contact = host_contact;
	h.host.progress = host_progress;
	h.asker = MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	if (err == ES_OK && n->denied)
		err = ES_DENIED;
	if (err == ES_OK && !(report = tmpfile()))
		err = errno == ENOSPC ? ES_DISK_FULL : ES_IO;
	if (err == ES_OK)
		err = map_spool(r, &body);
	if (err == ES_OK) {
		atomic_store(&r->api->importing, true);
		err = import_marked(r, &h, &o, body, report, &written);
		atomic_store(&r->api->importing, false);
	}
	matcher_close(h.matcher);
	repeats_close(h.repeats);
	buf_done(&h.withdrawn);
	buf_done(&h.noted);
	if (body.len > 0)
		munmap((void *)(uintptr_t)body.p, body.len);
	if (err == ES_OK)
		return close_report(r, report, written, h.widest, n);
	if (report)
		fclose(report);
	return err;
}
