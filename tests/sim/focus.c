/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/focus.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/sim/hostile.h"
#include "tests/sim/officer.h"
#include "tests/sim/schedule.h"
#include "tests/sim/trace.h"

static const struct focus focuses[] = {
#define FOCUS(name, hubs, minutes, latency, story) {#name, hubs, minutes, latency, story},
#include "tests/sim/focus.def"
#undef FOCUS
};

const struct focus *focus_find(const char *name)
{
	for (size_t i = 0; i < sizeof focuses / sizeof *focuses; i++)
		if (strcmp(focuses[i].name, name) == 0)
			return &focuses[i];
	return NULL;
}

/* --- what can be done --- */

struct step {
	int a, b; /* machines; 0: any */
	int what; /* of its word */
};

static void do_act(struct world *w, const struct step *s)
{
	const struct sim_node *about = s->a > 0 ? w->nodes[s->a] : NULL;
	enum act_kind kind = (enum act_kind)s->what;

	if (about && kind >= ACT_SUSPEND && kind <= ACT_QUOTA)
		officer_about(w, kind, &about->hub);
	else
		human_do_to(w, kind, s->a, s->b);
}

static void do_edit(struct world *w, const struct step *s)
{
	uint64_t what = rng_below(&w->plan->rng, 100);

	human_do(w, what < 40 ? ACT_ADD : what < 95 ? ACT_SET : ACT_RM, s->a);
}

static void do_fault(struct world *w, const struct step *s)
{
	fault_at(w, (enum fault)s->what, s->a);
}

static void do_backup(struct world *w, const struct step *s)
{
	fault_backup(w, s->a);
}

static void do_down(struct world *w, const struct step *s)
{
	if (w->nodes[s->a])
		machine_kill(w->nodes[s->a], -1);
}

static void do_up(struct world *w, const struct step *s)
{
	struct sim_node *n = w->nodes[s->a];

	if (n && !n->n && n->life == LIFE_DOWN)
		machine_start(n);
}

static void do_hold(struct world *w, const struct step *s)
{
	if (w->way_count < sizeof w->ways / sizeof *w->ways)
		w->ways[w->way_count++] = (struct way){s->a ? s->a : -1, s->b ? s->b : -1};
	ways_changed(w);
}

static void do_heal(struct world *w, const struct step *s)
{
	(void)s;
	ways_heal(w);
}

/* Its clock is set back by so many minutes. */
static void do_slow(struct world *w, const struct step *s)
{
	if (w->nodes[s->a])
		clock_jump(&w->nodes[s->a]->clock, w->now, -60000ll * s->b);
}

static void do_dial(struct world *w, const struct step *s)
{
	if (w->nodes[s->a] && w->nodes[s->a]->n)
		machine_hurry(w->nodes[s->a]);
}

static void do_link(struct world *w, const struct step *s)
{
	if (w->nodes[s->a] && w->nodes[s->b])
		machine_dial(w->nodes[s->a], s->b, &w->nodes[s->b]->hub, false, false);
}

/* A hub turns hostile and says such a thing to all whom it hears. */
static void do_lie(struct world *w, const struct step *s)
{
	struct sim_node *liar = w->nodes[s->a];
	uint64_t last = UINT64_MAX;

	if (!liar || !liar->n)
		return;
	hostile_turn(w, liar);
	for (;;) { /* any of them may be closed meanwhile: by number */
		struct peer *p = liar->peers;

		while (p && (p->no >= last || !p->session.wired || p->closing || !p->conn))
			p = p->next;
		if (!p)
			break;
		last = p->no;
		if (s->what < TRICKS)
			hostile_trick(p, (enum trick)s->what);
		else
			hostile_lie(p, s->what - TRICKS);
	}
}

static const struct word {
	const char *name;
	void (*run)(struct world *w, const struct step *s);
} own_words[] = {
	{"edit", do_edit}, {"backup", do_backup}, {"down", do_down}, {"up", do_up},     {"hold", do_hold},
	{"heal", do_heal}, {"dial", do_dial},     {"link", do_link}, {"slow", do_slow},
};
#define OWN_WORDS (int)(sizeof own_words / sizeof *own_words)
#define FIRST_LIE (OWN_WORDS + ACT_KINDS + FAULTS)

/* Own words first, then acts, faults, and lies: tricks, and "lie." with a twist. */
static int find_word(const char *word)
{
	for (int i = 0; i < OWN_WORDS; i++)
		if (strcmp(own_words[i].name, word) == 0)
			return i;
	for (int i = 0; i < ACT_KINDS; i++)
		if (strcmp(act_name((enum act_kind)i), word) == 0)
			return OWN_WORDS + i;
	for (int i = 0; i < FAULTS; i++)
		if (strcmp(fault_name((enum fault)i), word) == 0)
			return OWN_WORDS + ACT_KINDS + i;
	for (int i = 0; i < TRICKS; i++)
		if (strcmp(trick_name((enum trick)i), word) == 0)
			return FIRST_LIE + i;
	int twist = strncmp(word, "lie.", 4) == 0 ? hostile_twist(word + 4) : -1;
	return twist < 0 ? -1 : FIRST_LIE + TRICKS + twist;
}

static void do_word(struct world *w, int word, struct step *s)
{
	if (word < OWN_WORDS) {
		own_words[word].run(w, s);
	} else if (word < OWN_WORDS + ACT_KINDS) {
		s->what = word - OWN_WORDS;
		do_act(w, s);
	} else if (word < FIRST_LIE) {
		s->what = word - OWN_WORDS - ACT_KINDS;
		do_fault(w, s);
	} else {
		s->what = word - FIRST_LIE;
		do_lie(w, s);
	}
}

/* --- the story --- */

static void on_step(struct world *w, const struct event *e)
{
	struct step s = {.a = (int)(e->b & 0xffff), .b = (int)(e->b >> 16)};

	if (w->plan->over)
		return;
	trace_act(w->now, -1, "step", e->a, e->b);
	do_word(w, (int)e->a, &s);
}

static es_ms read_span(const char **at)
{
	char *end;
	es_ms n = strtoll(*at, &end, 10), unit = 1;

	if (strncmp(end, "ms", 2) == 0) {
		end += 2;
	} else if (*end == 's' || *end == 'm') {
		unit = *end == 's' ? 1000 : 60000;
		end++;
	}
	*at = end;
	return n * unit;
}

/* "+LOW..HIGH" */
static es_ms read_pause(struct world *w, const char *at)
{
	es_ms low = read_span(&at), high = low;

	if (strncmp(at, "..", 2) == 0) {
		at += 2;
		high = read_span(&at);
	}
	return (es_ms)draw(&w->plan->rng, (uint64_t)low, (uint64_t)(high > low ? high : low));
}

static int read_number(const char **at, char mark, int otherwise)
{
	char *end;

	if (**at != mark)
		return otherwise;
	int n = (int)strtol(*at + 1, &end, 10);
	*at = end;
	return n;
}

/* "~word:A:B*N" */
static void plan_word(struct world *w, const struct focus *f, const char *text, es_ms now)
{
	bool anywhen = *text == '~';
	const char *from = text + anywhen, *rest = from + strcspn(from, ":*");
	char name[32];

	snprintf(name, sizeof name, "%.*s", (int)(rest - from), from);
	int word = find_word(name), a = read_number(&rest, ':', 0), b = read_number(&rest, ':', 0);
	int times = read_number(&rest, '*', 1);
	if (word < 0 || *rest) {
		fprintf(stderr, "essaim-sim: focus %s: what is \"%s\"?\n", f->name, text);
		exit(64);
	}
	for (; times > 0; times--) {
		es_ms at = anywhen ? (es_ms)draw(&w->plan->rng, (uint64_t)now, (uint64_t)w->plan->end - 1)
				   : now;

		world_at(w, at, on_step, NULL, (uint64_t)word, (uint64_t)a | (uint64_t)b << 16);
	}
}

void focus_plan(struct world *w, const struct focus *f)
{
	char *story = strdup(f->story), *rest = story, *text;
	es_ms now = 5000;

	while ((text = strsep(&rest, " ")))
		if (*text == '+')
			now += read_pause(w, text + 1);
		else if (*text)
			plan_word(w, f, text, now);
	free(story);
}
