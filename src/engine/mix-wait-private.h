/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gst/gst.h>

/** Ceiling of what is chosen by itself. */
#define REGIA_MIX_WAIT_AUTO_MAX_MS 200

/** What a source brings. */
typedef enum { REGIA_MIX_WAIT_PICTURE, REGIA_MIX_WAIT_SOUND } RegiaMixWaitKind;

#define REGIA_MIX_WAIT_SECONDS 10

/** Who made the mixers wait, in one second. */
typedef struct {
  char source[40]; /* "" for nobody */
  RegiaMixWaitKind kind;
  gint64 late_ns;   /* arrival minus its time */
  gint64 needed_ns; /* what the mixers have to wait for it */
} RegiaMixWaitNeed;

/**
 * RegiaMixWaitRule: how long mixers wait, from what came when. A plain value; times are show time.
 *
 * Who comes later than ever in the last ten seconds is waited for from then on, at once: what is late is
 * seen twice, or never. When everybody has come sooner for ten seconds, less is waited, by half a
 * picture each second, so that nobody sees it: each picture comes a little sooner after the one before it,
 * and its time is what it would have been.
 */
typedef struct {
  gint64 picture_ns;        /* between two of the programme's */
  gint64 least_ns, most_ns; /* the same: it never changes */
  gint64 wait_ns;
  gint64 since_ns;                                /* of the first step */
  gint64 second;                                  /* of the last note or step */
  gint64 stepped;                                 /* of the last step that could make it less */
  RegiaMixWaitNeed needs[REGIA_MIX_WAIT_SECONDS]; /* the largest of each of the last seconds */
} RegiaMixWaitRule;

/** regia_mix_wait_rule_init: @latency_ms: 0: it is found out, between one picture and
 * #REGIA_MIX_WAIT_AUTO_MAX_MS; begins with the most. */
void regia_mix_wait_rule_init (RegiaMixWaitRule *self, gint64 picture_ns, guint latency_ms);

/** regia_mix_wait_rule_note: something of @source came, @late_ns after its time. Returns: %TRUE when more is
 * waited now. Pure but for @self. */
gboolean regia_mix_wait_rule_note (RegiaMixWaitRule *self, const char *source, RegiaMixWaitKind kind,
                                   gint64 late_ns, gint64 now_ns);
/** regia_mix_wait_rule_step: call it now and then. Returns: %TRUE when less is waited now. Pure but for
 * @self.
 */
gboolean regia_mix_wait_rule_step (RegiaMixWaitRule *self, gint64 now_ns);
/** regia_mix_wait_rule_why: (transfer none): who is waited for; source "" for nobody. Pure. */
const RegiaMixWaitNeed *regia_mix_wait_rule_why (const RegiaMixWaitRule *self);

/**
 * RegiaMixWait: the rule, and the mixers that go by it. Reference counted, any thread.
 */
typedef struct _RegiaMixWait RegiaMixWait;

/** regia_mix_wait_new: see regia_mix_wait_rule_init(). */
RegiaMixWait *regia_mix_wait_new (gint64 picture_ns, guint latency_ms);
RegiaMixWait *regia_mix_wait_ref (RegiaMixWait *self);
void regia_mix_wait_unref (RegiaMixWait *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaMixWait, regia_mix_wait_unref)

/** regia_mix_wait_add: @mixer waits as long from now on. Before anything is noted. */
void regia_mix_wait_add (RegiaMixWait *self, GstElement *mixer);
/** regia_mix_wait_note, regia_mix_wait_step: as of the rule; the mixers know when it returns. Not while a
 * mixer's lock is held. */
void regia_mix_wait_note (RegiaMixWait *self, const char *source, RegiaMixWaitKind kind, gint64 late_ns,
                          gint64 now_ns);
void regia_mix_wait_step (RegiaMixWait *self, gint64 now_ns);

/** regia_mix_wait_get_ns: how long is waited now; regia_mix_wait_get_most_ns(): ever. */
gint64 regia_mix_wait_get_ns (RegiaMixWait *self);
gint64 regia_mix_wait_get_most_ns (RegiaMixWait *self);
/** regia_mix_wait_add_state: puts the keys mix-wait-ms and mix-wait-why of org.regia.control.xml into @dict.
 */
void regia_mix_wait_add_state (RegiaMixWait *self, GVariantDict *dict);
