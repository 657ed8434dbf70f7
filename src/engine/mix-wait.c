/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "mix-wait-private.h"

#include "regia/base/clock.h"

/*
 * RegiaMixWait stands between those who bring pictures and sound and the mixers, whose property `latency` is
 * how long after a picture's time they make it. Setting it moves the deadline of the picture that is waited
 * for, and nothing else: which pictures there are, and their times, come from the mixers' own count.
 *
 * A picture is late by when it is handed over, against the place in the programme that it is meant for; to
 * that a whole picture is added, for what may hold it up between here and there, and for its next one. Sound
 * is late by its first sample, and may belong to a block of the mix that began one block before it.
 *
 * Life: made with the programme, referred to by the plans of sources, whose threads may be left behind.
 * `lock`, a leaf, guards the rule; `applying` is held while the mixers are told, so that the last value is
 * the last that they are told.
 */

#define MARGIN_NS (5 * REGIA_MSECOND)
/* A block of the mix, and as much for what may hold it up. */
#define SOUND_NS (40 * REGIA_MSECOND)

void
regia_mix_wait_rule_init (RegiaMixWaitRule *self, gint64 picture_ns, guint latency_ms)
{
  gint64 most_ms = latency_ms ? latency_ms : REGIA_MIX_WAIT_AUTO_MAX_MS;

  *self = (RegiaMixWaitRule){.picture_ns = picture_ns, .most_ns = most_ms * REGIA_MSECOND, .second = -1};
  self->least_ns = latency_ms ? self->most_ns : MIN (picture_ns, self->most_ns);
  self->wait_ns = self->most_ns;
}

/* Seconds that have passed since have nobody in them yet. */
static void
go_on (RegiaMixWaitRule *self, gint64 now_ns)
{
  gint64 second = now_ns / REGIA_SECOND;

  if (self->second >= 0 && second <= self->second)
    return;
  for (gint64 i = MAX (self->second + 1, second - REGIA_MIX_WAIT_SECONDS + 1); i <= second; i++)
    self->needs[i % REGIA_MIX_WAIT_SECONDS] = (RegiaMixWaitNeed){0};
  self->second = second;
}

gboolean
regia_mix_wait_rule_note (RegiaMixWaitRule *self, const char *source, RegiaMixWaitKind kind, gint64 late_ns,
                          gint64 now_ns)
{
  gint64 more_ns = kind == REGIA_MIX_WAIT_PICTURE ? self->picture_ns : SOUND_NS;
  RegiaMixWaitNeed *need;

  /* what is hopeless is waited for by nobody */
  if (now_ns < 0 || late_ns > self->most_ns)
    return FALSE;
  go_on (self, now_ns);
  need = &self->needs[self->second % REGIA_MIX_WAIT_SECONDS];
  if (need->source[0] != '\0' && late_ns + more_ns <= need->needed_ns)
    return FALSE;
  *need = (RegiaMixWaitNeed){.kind = kind, .late_ns = late_ns, .needed_ns = late_ns + more_ns};
  g_strlcpy (need->source, source, sizeof need->source);
  if (MIN (need->needed_ns + MARGIN_NS, self->most_ns) <= self->wait_ns)
    return FALSE;
  self->wait_ns = MIN (need->needed_ns + MARGIN_NS, self->most_ns);
  return TRUE;
}

const RegiaMixWaitNeed *
regia_mix_wait_rule_why (const RegiaMixWaitRule *self)
{
  const RegiaMixWaitNeed *why = &self->needs[0];

  for (guint i = 1; i < REGIA_MIX_WAIT_SECONDS; i++)
    if (self->needs[i].needed_ns > why->needed_ns)
      why = &self->needs[i];
  return why;
}

gboolean
regia_mix_wait_rule_step (RegiaMixWaitRule *self, gint64 now_ns)
{
  gint64 needed_ns;

  if (now_ns < 0 || self->least_ns == self->most_ns)
    return FALSE;
  /* At the start, too, ten seconds are to have passed. */
  if (self->since_ns == 0)
    self->since_ns = now_ns;
  go_on (self, now_ns);
  if (self->second == self->stepped || now_ns - self->since_ns < REGIA_MIX_WAIT_SECONDS * REGIA_SECOND)
    return FALSE;
  self->stepped = self->second;
  needed_ns = CLAMP (regia_mix_wait_rule_why (self)->needed_ns + MARGIN_NS, self->least_ns, self->most_ns);
  if (needed_ns >= self->wait_ns)
    return FALSE;
  self->wait_ns = MAX (needed_ns, self->wait_ns - self->picture_ns / 2);
  return TRUE;
}

struct _RegiaMixWait {
  gatomicrefcount ref_count;
  GPtrArray *mixers; /* (element-type GstElement) (owned) */
  GMutex applying;
  GMutex lock; /* guards what follows */
  RegiaMixWaitRule rule;
};

RegiaMixWait *
regia_mix_wait_new (gint64 picture_ns, guint latency_ms)
{
  RegiaMixWait *self = g_new0 (RegiaMixWait, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->mixers = g_ptr_array_new_with_free_func (gst_object_unref);
  g_mutex_init (&self->applying);
  g_mutex_init (&self->lock);
  regia_mix_wait_rule_init (&self->rule, picture_ns, latency_ms);
  return self;
}

RegiaMixWait *
regia_mix_wait_ref (RegiaMixWait *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_mix_wait_unref (RegiaMixWait *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->mixers);
  g_mutex_clear (&self->applying);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
apply (RegiaMixWait *self)
{
  g_mutex_lock (&self->applying);
  for (guint i = 0; i < self->mixers->len; i++)
    g_object_set (g_ptr_array_index (self->mixers, i), "latency", (guint64)regia_mix_wait_get_ns (self),
                  NULL);
  g_mutex_unlock (&self->applying);
}

void
regia_mix_wait_add (RegiaMixWait *self, GstElement *mixer)
{
  g_ptr_array_add (self->mixers, gst_object_ref (mixer));
  apply (self);
}

void
regia_mix_wait_note (RegiaMixWait *self, const char *source, RegiaMixWaitKind kind, gint64 late_ns,
                     gint64 now_ns)
{
  gboolean more;

  g_mutex_lock (&self->lock);
  more = regia_mix_wait_rule_note (&self->rule, source, kind, late_ns, now_ns);
  g_mutex_unlock (&self->lock);
  if (more)
    apply (self);
}

void
regia_mix_wait_step (RegiaMixWait *self, gint64 now_ns)
{
  gboolean less;

  g_mutex_lock (&self->lock);
  less = regia_mix_wait_rule_step (&self->rule, now_ns);
  g_mutex_unlock (&self->lock);
  if (less)
    apply (self);
}

gint64
regia_mix_wait_get_ns (RegiaMixWait *self)
{
  gint64 wait_ns;

  g_mutex_lock (&self->lock);
  wait_ns = self->rule.wait_ns;
  g_mutex_unlock (&self->lock);
  return wait_ns;
}

gint64
regia_mix_wait_get_most_ns (RegiaMixWait *self)
{
  return self->rule.most_ns; /* constant */
}

void
regia_mix_wait_add_state (RegiaMixWait *self, GVariantDict *dict)
{
  g_autofree char *words = NULL;
  RegiaMixWaitNeed why;
  gboolean fixed;
  gint64 wait_ns;

  g_mutex_lock (&self->lock);
  fixed = self->rule.least_ns == self->rule.most_ns;
  wait_ns = self->rule.wait_ns;
  why = *regia_mix_wait_rule_why (&self->rule);
  g_mutex_unlock (&self->lock);
  if (fixed)
    words = g_strdup ("the event file says so");
  else if (why.source[0] == '\0')
    words = g_strdup ("no source has given anything for ten seconds");
  else
    words = g_strdup_printf ("the %s of %s came up to %" G_GINT64_FORMAT " ms after its time",
                             why.kind == REGIA_MIX_WAIT_PICTURE ? "picture" : "sound", why.source,
                             MAX (why.late_ns, 0) / REGIA_MSECOND);
  g_variant_dict_insert (dict, "mix-wait-ms", "t", (guint64)(wait_ns / REGIA_MSECOND));
  g_variant_dict_insert (dict, "mix-wait-why", "s", words);
}
