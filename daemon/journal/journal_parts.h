/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal's inside, for journal*.c: its statements, each
 * prepared once, when it is first asked for. */
#ifndef DAEMON_JOURNAL_PARTS_H
#define DAEMON_JOURNAL_PARTS_H

#include "daemon/directory/sql.h"
#include "daemon/journal/journal.h"

/* What journal_life.c asks. */
#define LIFE_STATEMENTS(S)                                                                                   \
	S(BEYOND, "SELECT pos,seq,id,header,sig FROM commits WHERE log=?1 AND seq>?2 ORDER BY seq")          \
	S(DROP, "DELETE FROM commits WHERE log=?1 AND seq>?2")                                               \
	S(DROP_PAYLOAD, "DELETE FROM payload WHERE no BETWEEN ?1 AND ?2")                                    \
	S(SALTS, "SELECT no,salt FROM payload WHERE salt IS NOT NULL")                                       \
	S(LOG_OF, "SELECT log,seq FROM commits WHERE pos=?1")                                                \
	S(OUT_SALT, "DELETE FROM outbox WHERE salt=?1")                                                      \
	S(OUT_HAS, "SELECT 1 FROM outbox WHERE salt=?1")                                                     \
	S(REFOLD, "INSERT INTO refonte VALUES(NULL,?1)")                                                     \
	S(REFOLDS, "SELECT no,record FROM refonte WHERE no>?1 ORDER BY no")                                  \
	S(REFOLD_LAST, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name='refonte'),0)")          \
	S(REFOLD_DONE, "DELETE FROM refonte WHERE no<=?1")                                                   \
	S(RECORDS, "SELECT no,substr(change,5,32) FROM payload WHERE change IS NOT NULL")                    \
	S(EVERY, "SELECT change FROM payload WHERE change IS NOT NULL ORDER BY no")                           \
	S(OF_RECORD, "SELECT no,change FROM payload WHERE substr(change,5,32)=?1")                           \
	S(ERASE, "UPDATE payload SET salt=NULL,change=NULL WHERE no=?1")                                     \
	S(WHOLE, "SELECT pos,log,id,header,sig,stored FROM commits WHERE pos=?1")                            \
	S(COPY_GET, "SELECT hub,instance,lineage,etat FROM copie WHERE hub=?1 AND instance=?2")              \
	S(COPY_CURRENT, "SELECT hub,instance,lineage,etat FROM copie WHERE hub=?1 AND etat=0")               \
	S(COPY_FENCE, "UPDATE copie SET etat=1 WHERE hub=?1 AND etat=0")                                     \
	S(COPY_PUT, "INSERT INTO copie VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET lineage=?3,etat=?4")    \
	S(COPY_ALL, "SELECT hub,instance,lineage,etat FROM copie ORDER BY hub,instance")                     \
	S(DUE_GET, "SELECT attend,jour,nombre FROM du WHERE hub=?1")                                         \
	S(DUE_PUT, "INSERT INTO du VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET attend=?2,jour=?3,nombre=?4") \
	S(VOID_PUT, "INSERT INTO hors_coupe VALUES(?1,?2,?3,0) ON CONFLICT DO NOTHING")                      \
	S(VOID_AUTHOR, "SELECT packed FROM hors_coupe WHERE hub=?1 ORDER BY id")                             \
	S(VOID_HOME, "SELECT packed FROM hors_coupe WHERE a_home=0 ORDER BY id")                             \
	S(VOID_ALL, "SELECT id,packed FROM hors_coupe ORDER BY id")                                          \
	S(VOID_STRIP, "UPDATE hors_coupe SET packed=?2 WHERE id=?1")                                         \
	S(VOID_GIVEN, "UPDATE hors_coupe SET a_home=1 WHERE id=?1")                                          \
	S(VOID_DEL, "DELETE FROM hors_coupe WHERE id=?1 AND hub=?2")                                                    \
	S(VOID_WAITING, "SELECT count(*) FROM hors_coupe WHERE a_home=0")                                    \
	S(VOID_AGAIN, "UPDATE hors_coupe SET a_home=0")                                                      \
	S(VOID_BYTES, "SELECT hub,sum(length(packed)) FROM hors_coupe GROUP BY hub")                         \
	S(VOID_COUNT, "SELECT count(*) FROM hors_coupe")                                                     \
	S(PROOF_PUT, "INSERT INTO preuve VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET seq=?2,preuve=?3 WHERE ?2<seq") \
	S(PROOF_ALL, "SELECT log,seq,preuve FROM preuve ORDER BY log")                                       \
	S(BRANCH_PUT, "INSERT INTO branche VALUES(?1,?2) ON CONFLICT DO NOTHING")                            \
	S(BRANCH_ALL, "SELECT seq,id FROM branche ORDER BY seq,id")                                          \
	S(BRANCH_DEL, "DELETE FROM branche")                                                                 \
	S(ASK_PUT, "INSERT INTO requete VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,NULL,NULL,NULL)"                \
		   " ON CONFLICT DO NOTHING")                                                                \
	S(ASK_AT, "SELECT * FROM requete WHERE log=?1 AND seq=?2 AND idx=?3")                                \
	S(ASK_NO, "SELECT * FROM requete WHERE no=?1")                                                       \
	S(ASK_STATE, "UPDATE requete SET etat=?2,rlog=?3,rseq=?4,ridx=?5 WHERE no=?1")                       \
	S(ASK_ALL, "SELECT * FROM requete WHERE etat<=1 ORDER BY no")                                        \
	S(ASK_REFUSED_OF, "SELECT * FROM requete WHERE etat=2 AND de=?1 AND op IN (?2,?3) ORDER BY no DESC LIMIT ?4")\
	S(ASK_CUT, "DELETE FROM requete WHERE log=?1 AND seq>?2")                                            \
	S(ASK_REOPEN, "UPDATE requete SET etat=0,rlog=NULL,rseq=NULL,ridx=NULL WHERE rlog=?1 AND rseq>?2 AND etat<3") \
	S(ANSWER_PUT, "INSERT INTO reponse VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO NOTHING")          \
	S(ANSWERS, "SELECT hub,oui,rlog,rseq,ridx FROM reponse WHERE log=?1 AND seq=?2 AND idx=?3 ORDER BY rlog,rseq,ridx") \
	S(ANSWER_CUT, "DELETE FROM reponse WHERE rlog=?1 AND rseq>?2")                                       \
	S(HOLE_PUT, "INSERT INTO trou VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING")                        \
	S(HOLES, "SELECT log,seq,idx,record,kind FROM trou ORDER BY log,seq,idx LIMIT 1 OFFSET ?1")                 \
	S(HOLE_OF, "SELECT ifnull(min(seq),0) FROM trou WHERE log=?1 AND kind=0")                            \
	S(HOLE_DEL, "DELETE FROM trou WHERE log=?1 AND seq=?2 AND idx=?3")                                   \
	S(RECEIPT_PUT, "INSERT INTO recu VALUES(?1,?2,?3) ON CONFLICT DO NOTHING")                           \
	S(RECEIPT, "SELECT 1 FROM recu WHERE seq=?1 AND idx=?2 AND hub=?3")                                  \
	S(CHARTER_PUT, "INSERT INTO charte VALUES(?1,?2) ON CONFLICT DO NOTHING")                            \
	S(CHARTER, "SELECT 1 FROM charte WHERE hub=?1 AND empreinte=?2")                                     \
	S(BYTES_OF, "SELECT coalesce(sum(length(p.change)),0) FROM commits c JOIN payload p ON p.no>>8=c.pos WHERE c.log=?1")

#define STATEMENTS(S)                                                                                        \
	S(BEGIN, "BEGIN IMMEDIATE")                                                                          \
	S(COMMIT, "COMMIT")                                                                                  \
	S(SAVE_JOB, "SAVEPOINT job")                                                                         \
	S(UNDO_JOB, "ROLLBACK TO job")                                                                       \
	S(RELEASE_JOB, "RELEASE job")                                                                        \
	S(SAVE_MARK, "SAVEPOINT mark")                                                                       \
	S(UNDO_MARK, "ROLLBACK TO mark")                                                                     \
	S(RELEASE_MARK, "RELEASE mark")                                                                      \
	S(SET, "INSERT INTO meta VALUES(?1,?2) ON CONFLICT DO UPDATE SET valeur=?2")                         \
	S(GET, "SELECT valeur FROM meta WHERE nom=?1")                                                       \
	S(LOGS, "SELECT no,id,hub,scope,generation,acked,acked_id FROM log ORDER BY no")                     \
	S(HEAD, "SELECT seq,id,hlc,stored FROM commits WHERE log=?1 ORDER BY seq DESC LIMIT 1")              \
	S(ADD_LOG, "INSERT INTO log VALUES(?1,?2,?3,?4,?5,?6,?7)")                                           \
	S(UPDATE_LOG, "UPDATE log SET id=?2,generation=?3,acked=?4,acked_id=?5 WHERE no=?1")                 \
	S(APPEND, "INSERT INTO commits VALUES(NULL,?1,?2,?3,?4,?5,?6,?7)")                                   \
	S(PAYLOAD, "INSERT INTO payload VALUES(?1,?2,?3)")                                                   \
	S(ID, "SELECT id FROM commits WHERE log=?1 AND seq=?2")                                              \
	S(POS, "SELECT pos FROM commits WHERE log=?1 AND seq=?2")                                            \
	S(SEQ_OF, "SELECT seq FROM commits WHERE log=?1 AND id=?2 ORDER BY seq DESC LIMIT 1")                \
	S(FROM, "SELECT pos,seq,id,header,sig FROM commits WHERE log=?1 AND seq>=?2 ORDER BY seq")           \
	S(CHANGES, "SELECT rowid,salt,change FROM payload WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid")     \
	S(COUNT_OF, "SELECT count(*) FROM payload WHERE no BETWEEN ?1 AND ?2")                                  \
	S(ONE, "SELECT log,header,sig,stored FROM commits WHERE pos=?1")                                     \
	S(AFTER, "SELECT pos,log,id,header,sig,stored FROM commits WHERE pos>?1 ORDER BY pos")               \
	S(LAST_POS, "SELECT coalesce(max(pos),0) FROM commits")                                              \
	S(LAST_EDIT, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name='outbox'),0)")             \
	S(OUT_ADD, "INSERT INTO outbox VALUES(NULL,?1,?2,?3,?4,?5,?6)")                                      \
	S(OUT_DEL, "DELETE FROM outbox WHERE edit=?1")                                                       \
	S(OUT_ALL, "SELECT * FROM outbox WHERE edit>?3 ORDER BY edit")                                       \
	S(OUT_SCOPE, "SELECT * FROM outbox WHERE scope=?1 AND edit>?3 ORDER BY edit")                        \
	S(OUT_RECORD, "SELECT * FROM outbox WHERE record=?2 AND edit>?3 ORDER BY edit")                      \
	S(OUT_ABOVE, "SELECT * FROM outbox WHERE edited>?1 ORDER BY edited")                                 \
	S(OUT_ONE, "SELECT * FROM outbox WHERE edit=?1")                                                     \
	S(OUT_STAMP, "UPDATE outbox SET edited=?2, change=?3 WHERE edit=?1")                                 \
	S(OUT_ANY, "SELECT EXISTS(SELECT 1 FROM outbox)")                                                    \
	S(OUT_COUNT, "SELECT count(*) FROM outbox WHERE change IS NOT NULL")                                 \
	S(REQ_PUT, "INSERT INTO demande VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) ON CONFLICT DO "      \
		   "UPDATE SET etat=?11")                                                                    \
	S(REQ_ALL, "SELECT * FROM demande ORDER BY le, hub")                                                 \
	LIFE_STATEMENTS(S)

enum statement {
#define S(name, sql) ST_##name,
	STATEMENTS(S)
#undef S
	ST_COUNT
};

struct journal {
	sqlite3 *db;
	sqlite3_stmt *st[ST_COUNT];
	enum es_err get_err; /* the first that journal_get met */
};

struct loading {
	struct packed packed;
	struct commit commit;
	struct buf bytes;
};
/* NULL where it cannot be prepared: stepping that is an error, as it should be. */
sqlite3_stmt *journal_st(struct journal *j, int which);
/* Header, signature and changes of the row that `st` stands on; the header is in
 * `header_column`, the signature beside it. */
ES_MUST_USE enum es_err journal_read(struct journal *j, sqlite3_stmt *st, int header_column, int64_t pos,
				     struct buf *bytes, struct packed *p);
/* Does the row (its id in column 2) still say what was admitted? ES_DAMAGED. */
ES_MUST_USE enum es_err journal_intact(sqlite3_stmt *st, const struct packed *p, struct commit *c);
int64_t journal_number(sqlite3_stmt *st);
static inline void bind_id(sqlite3_stmt *st, int at, const struct id16 *id)
{
	sqlite3_bind_blob(st, at, id->bytes, 16, SQLITE_TRANSIENT);
}
/* The refolds of a feed, once nothing else is left. */
ES_MUST_USE enum es_err journal_feed_refolds(struct journal *j, struct feed *f);
/* When a commit came here: its number, and our clock. */
struct arrival {
	int64_t pos;
	es_ms heard;
};
/* One stored change to the fold, where it counts. */
ES_MUST_USE enum es_err journal_feed_change(struct feed *f, const struct head *h, const struct arrival *at,
					    const struct commit *c, const struct payload *y, unsigned index);
extern const char journal_life_schema[];

#endif
