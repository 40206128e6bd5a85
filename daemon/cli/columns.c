/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/cli/columns.h"

#include "daemon/cli/print.h"

static const char *word_or_none(enum word_id id)
{
	return id ? word(id) : "";
}

static void write_text(struct buf *cell, const json_t *item, const struct column *c)
{
	const char *text = fact_text(item, c->key);

	if (!*text && c->second)
		text = fact_text(item, c->second);
	buf_str(cell, *text ? text : word_or_none(c->no));
}

static void write_cell(struct buf *cell, const json_t *item, const struct column *c)
{
	switch (c->shape) {
	case COLUMN_TEXT:
		write_text(cell, item, c);
		break;
	case COLUMN_FLAG:
		buf_str(cell, word_or_none(fact_true(item, c->key) ? c->yes : c->no));
		break;
	case COLUMN_INT:
		buf_printf(cell, "%lld", (long long)fact_int(item, c->key));
		break;
	case COLUMN_COUNT:
		if (!fact_has(item, c->key))
			buf_str(cell, "?");
		fact_write(cell, json_object_get(item, c->key));
		break;
	case COLUMN_SHOWN:
		fact_write(cell, json_object_get(item, c->key));
		break;
	case COLUMN_LIST:
		fact_join(cell, json_object_get(item, c->key));
		break;
	}
}

static void begin(struct grid *g, const struct column *columns, size_t count)
{
	const char *names[GRID_COLUMNS_MAX] = {0};
	bool headed = false;

	grid_init(g, count);
	for (size_t i = 0; i < count; i++) {
		names[i] = columns[i].name ? columns[i].name : word_or_none(columns[i].word);
		headed = headed || *names[i];
		g->right |= (unsigned)columns[i].right << i;
	}
	if (headed)
		grid_head(g, names);
}

void columns_print(FILE *f, const json_t *items, const struct column *columns, size_t count, const char *indent)
{
	struct buf cell;
	struct grid g;
	json_t *item;
	size_t i;

	buf_init(&cell, 1 << 24);
	begin(&g, columns, count);
	g.indent = indent;
	json_array_foreach((json_t *)(uintptr_t)items, i, item)
	{
		for (const struct column *c = columns; c < columns + count; c++) {
			buf_clear(&cell);
			if (c->write)
				c->write(&cell, item, c->key);
			else
				write_cell(&cell, item, c);
			grid_add(&g, cell.len ? buf_cstr(&cell) : "");
		}
	}
	grid_print(&g, f);
	buf_done(&cell);
}
