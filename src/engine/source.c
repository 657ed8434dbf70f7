/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "source-private.h"

#include <math.h>
#include <string.h>

#include "launch-private.h"
#include "probe-private.h"
#include "programme-private.h"
#include "regia/base/backoff.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/thread.h"

/*
 * RegiaSource supervises one source. It owns at most one run at a time, and has it judged from outside, by
 * when the last data of each branch came (health.c):
 *
 *   starting ── first data ──► live ── nothing for 1 s ──► stalled ── 2 s ──► (run stopped) ──► retrying ──
 * backoff ──► starting ▲───────── data ──────────┘
 *
 * While another start is under way it stays "retrying" or "failed" until data come: to whoever looks once a
 * second it is away all the while.
 *
 * An error or the end of a live stream stops the run at once. A source that cannot work at all (element
 * missing, text wrong) is "failed": tried again too, but more slowly, since somebody may just be mending its
 * pipeline file or installing what is missing; both are looked for before each such start. A run that is not
 * gone 2 s after it was stopped hangs in its driver and is left behind; while eight do so, no more are
 * started.
 *
 * What comes back is to be seen within 3 s. A start of a device of this machine costs next to nothing, so
 * they are never further apart than 2 s. Across a network they go apart up to 10 s, since a camera may have
 * few sessions; but there is a far end that can be asked (probe.c), and where nobody answered and somebody
 * does now, the next start is at once. It is also asked during a start that was begun although nobody
 * answered, whose own attempt to connect may be repeated by the kernel only seconds later. Who answers and
 * does not serve gains nothing by that: for 10 s the answer is not acted on again. One that answers and says
 * no at once (its stream is not there yet) has no session of ours, and is asked about once a second.
 *
 * The programme needs to know nothing of all this: what does not arrive is not mixed.
 *
 * Owner: RegiaEngine. Main thread only; runs are asked through their own thread-safe calls.
 */

#define STALL_SHOWN_NS    REGIA_SECOND
#define TEARDOWN_NS       (2 * REGIA_SECOND)
#define HUNG_RETRY_MS     15000
#define LOOP_MIN_NS       (REGIA_SECOND / 2)
#define LOOP_HOLD_NS      (2 * REGIA_SECOND)
#define HUNG_MAX          8
#define NEAR_RETRY_MAX_MS 1600 /* with what the backoff spreads them by, 2 s */
#define FAR_RETRY_MAX_MS  8000 /* … 10 s */
#define REFUSED_NS        (REGIA_SECOND / 2)
#define REFUSED_MAX_MS    1000 /* with 0.8 s for its clock it is back well within 3 s */
#define ANSWER_HOLD_NS    (10 * REGIA_SECOND)
#define PATIENCE_NS       (10 * REGIA_SECOND)
#define PATIENCE_MAX_NS   (5 * 60 * REGIA_SECOND)
#define PATIENCE_RESET_NS (60 * REGIA_SECOND)

typedef enum { STARTING, LIVE, STALLED, RETRYING, FAILED } State;
static const char *const state_names[] = {"starting", "live", "stalled", "retrying", "failed"};

struct _RegiaSource {
  const RegiaConfigSource *config; /* (unowned): the RegiaConfig outlives the engine */
  RegiaRunPlan *plan;              /* (owned) */
  RegiaRun *run;                   /* (owned) (nullable) */
  State state;
  gboolean stopping;       /* the run was told to stop, and is waited for */
  gint64 stop_deadline_ns; /* … until then */
  gint64 retry_at_ns;      /* while there is no run */
  gboolean no_segment_loop;
  gboolean looping; /* this start is the last one's end */
  gboolean ended_for_good;
  gboolean worked;      /* a run of it has given data */
  gboolean last_worked; /* the last one has */
  gboolean unavailable; /* the last one lacked an element, or its text was wrong */
  RegiaBackoff backoff, failed_backoff;
  RegiaProbe *probe; /* (owned) (nullable) of the present plan's text */
  gint64 answer_ns;  /* when an answer was acted on last */
  gboolean at_once;  /* no waiting when the run is gone that was stopped for it */
  gboolean unheard;  /* the run was begun although nobody answered */
  GQueue hung;       /* (element-type RegiaRun) (owned): stopped, and still not gone */
  guint64 starts;
  guint64 resyncs;  /* of the runs before the present one */
  char *last_error; /* (owned) */
  char *words;      /* (owned): what is not as it should be although it runs, or "" */
  gint64 hold_ns;
  gint64 patience_ns; /* with a picture that is missing beside good sound */
  State said;         /* what the log says of it: LIVE, or anything else */
  /* measured */
  gboolean has[REGIA_TIMELINE_BRANCHES];
  double level_db, fps, drift_ppm;
  gint64 apart_ns;
  gboolean black;
  gint64 still_ns;
  guint64 fps_frames, run_resyncs;
  gint64 fps_since_ns;
  RegiaChannelsUse channels;
};

RegiaSource *
regia_source_new (const RegiaConfigSource *config, RegiaRunPlan *plan)
{
  RegiaSource *self = g_new0 (RegiaSource, 1);

  self->config = config;
  self->plan = plan;
  self->plan->name = g_strdup (config->name);
  self->plan->where = g_strdup_printf ("source %s (%s)", config->name, config->pipeline);
  self->backoff = (RegiaBackoff){.first_ms = 500, .max_ms = NEAR_RETRY_MAX_MS, .reset_ms = 5000};
  self->answer_ns = -ANSWER_HOLD_NS;
  self->failed_backoff = (RegiaBackoff){.first_ms = 1000, .max_ms = 15000, .reset_ms = 5000};
  self->last_error = g_strdup ("");
  self->words = g_strdup ("");
  self->patience_ns = PATIENCE_NS;
  self->level_db = -120;
  g_queue_init (&self->hung);
  return self;
}

void
regia_source_free (RegiaSource *self)
{
  if (self == NULL)
    return;
  regia_run_free (self->run);
  g_queue_clear_full (&self->hung, (GDestroyNotify)regia_run_free);
  regia_run_plan_unref (self->plan);
  regia_probe_free (self->probe);
  g_free (self->last_error);
  g_free (self->words);
  g_free (self);
}

static void
set_error (RegiaSource *self, const char *message)
{
  if (strcmp (self->last_error, message) != 0 || self->said == LIVE)
    g_message ("source %s: %s", self->config->name, message);
  g_free (self->last_error);
  self->last_error = g_strdup (message);
}

/* What the log says must be worth a line: a picture that falters for a second is not, nor a file that begins
 * again. */
static void
set_state (RegiaSource *self, State state)
{
  /* One that is tried again is away until it gives something: an attempt may take longer than the wait. */
  if (state == STARTING && (self->state == RETRYING || self->state == FAILED))
    return;
  self->state = state;
  if (state == STARTING || state == STALLED || (state == LIVE) == (self->said == LIVE))
    return;
  g_message ("source %s: %s", self->config->name, state == LIVE ? "live" : "away");
  self->said = state;
}

static void
retry_in (RegiaSource *self, State state, guint delay_ms, gint64 now_ns)
{
  set_state (self, state);
  self->retry_at_ns = now_ns + (gint64)delay_ms * REGIA_MSECOND;
}

static void
retry_failed (RegiaSource *self, gint64 now_ns)
{
  retry_in (self, FAILED, regia_backoff_failed (&self->failed_backoff, 0, g_random_double ()), now_ns);
}

/* What was known of the far end is kept as long as it is the same one. */
static void
renew_probe (RegiaSource *self)
{
  RegiaProbe *probe = regia_probe_new (self->plan->text);

  if (probe != NULL && self->probe != NULL && regia_probe_is_same (probe, self->probe)) {
    regia_probe_free (probe);
    return;
  }
  regia_probe_free (self->probe);
  self->probe = probe;
}

/* How far starts may go apart, after one that came to an end. */
static void
bound_backoff (RegiaSource *self, const RegiaRunInfo *info, gboolean had_data, gint64 ran_ns)
{
  gboolean refused = info->end == REGIA_RUN_ERROR && !had_data && ran_ns < REFUSED_NS;

  if (self->probe == NULL)
    self->backoff.max_ms = NEAR_RETRY_MAX_MS;
  else if (refused && !regia_probe_is_silent (self->probe))
    self->backoff.max_ms = REFUSED_MAX_MS;
  else
    self->backoff.max_ms = FAR_RETRY_MAX_MS;
}

/*
 * Its pipeline file is read anew after every start that came to nothing, so whoever corrects it need not
 * restart anything. A source that works does not touch the disk, and one that has worked goes on with what it
 * had when the file is gone or half written.
 */
static gboolean
prepare (RegiaSource *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *text = NULL;
  g_auto (GStrv) secrets = NULL;
  gboolean sender_clock = FALSE;

  if (self->last_worked)
    return TRUE;
  text = regia_launch_text ("capture", self->config->pipeline, self->config->parameters, &sender_clock,
                            &secrets, &local_error);
  if (text == NULL && !self->worked) {
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  if (text != NULL) {
    RegiaRunPlan *plan = regia_run_plan_renew (self->plan, text, sender_clock, self->unavailable);

    plan->secrets = g_steal_pointer (&secrets);
    /* the old one may still be read by a run that was left behind */
    regia_run_plan_unref (self->plan);
    self->plan = plan;
    renew_probe (self);
  }
  return TRUE;
}

static void
start (RegiaSource *self, gint64 now_ns)
{
  g_autoptr (GError) error = NULL;

  self->starts++;
  self->has[0] = self->has[1] = FALSE;
  self->fps = 0;
  self->fps_frames = 0;
  self->fps_since_ns = now_ns;
  self->channels = (RegiaChannelsUse){0};
  if (!prepare (self, &error)) {
    set_error (self, error->message);
    retry_failed (self, now_ns);
    return;
  }
  self->unheard = self->probe != NULL && regia_probe_is_silent (self->probe);
  set_state (self, STARTING);
  self->run = regia_run_start (self->plan, !self->no_segment_loop);
}

/* What is not as it should be is in the log once, when it begins, not each time its seconds are counted. */
static void
set_words (RegiaSource *self, const char *words)
{
  gboolean same = (*words != '\0') == (*self->words != '\0');

  if (!same)
    g_message ("source %s: %s", self->config->name, *words ? words : "as it should be again");
  g_free (self->words);
  self->words = g_strdup (words);
}

static void
hold_picture (RegiaSource *self, gint64 hold_ns)
{
  if (hold_ns == self->hold_ns)
    return;
  self->hold_ns = hold_ns;
  for (guint i = 0; i < self->plan->video_targets->len; i++)
    regia_programme_hold_picture (g_ptr_array_index (self->plan->video_targets, i), hold_ns);
}

static void
stop_run (RegiaSource *self, gint64 now_ns)
{
  if (self->run == NULL || self->stopping)
    return;
  regia_run_stop (self->run);
  self->stopping = TRUE;
  self->stop_deadline_ns = now_ns + TEARDOWN_NS;
}

/* The run is away: decides when the next one comes. */
static void
finish_run (RegiaSource *self, const RegiaRunInfo *info, gint64 now_ns)
{
  gint64 ran_ns = now_ns - info->started_ns;
  gboolean had_data = info->branches[0].data_ns || info->branches[1].data_ns;
  gboolean again = regia_run_seek_refused (self->run) && !self->no_segment_loop;
  gboolean looped = !info->live && info->end == REGIA_RUN_ENDED && had_data && ran_ns > LOOP_MIN_NS;

  self->no_segment_loop |= again;
  self->worked |= had_data;
  self->last_worked = had_data || again;
  self->unavailable = info->end == REGIA_RUN_UNAVAILABLE;
  if (had_data)
    self->failed_backoff.failures = 0;
  if (info->gone)
    g_clear_pointer (&self->run, regia_run_free);
  else
    g_queue_push_tail (&self->hung, g_steal_pointer (&self->run));
  self->stopping = FALSE;
  set_words (self, "");
  self->level_db = -120;
  self->fps = 0;
  self->black = FALSE;
  self->still_ns = 0;
  self->drift_ppm = 0;
  self->apart_ns = 0;
  self->resyncs += info->resyncs;
  self->run_resyncs = 0;
  self->looping = again || looped;
  self->at_once |= info->again;
  bound_backoff (self, info, had_data, ran_ns);
  if (self->looping) {
    self->starts -= 1; /* not a restart: the way this kind of file begins again */
    retry_in (self, STARTING, 0, now_ns);
  } else if (self->at_once)
    retry_in (self, RETRYING, 0, now_ns);
  else if (info->end == REGIA_RUN_UNAVAILABLE)
    retry_failed (self, now_ns);
  else
    retry_in (self, RETRYING,
              regia_backoff_failed (&self->backoff, had_data ? (guint64)(ran_ns / REGIA_MSECOND) : 0,
                                    g_random_double ()),
              now_ns);
  self->at_once = FALSE;
}

static void
measure (RegiaSource *self, const RegiaRunInfo *info, gint64 now_ns)
{
  self->level_db = info->level_db;
  self->black = info->black;
  self->still_ns = info->still_ns;
  self->drift_ppm = info->drift_ppm;
  self->apart_ns = info->apart_ns;
  self->channels = info->channels;
  self->run_resyncs = info->resyncs;
  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    self->has[i] = info->branches[i].data_ns != 0 &&
                   now_ns - info->branches[i].data_ns < MAX (STALL_SHOWN_NS, i == 0 ? self->hold_ns : 0);
  if (now_ns - self->fps_since_ns < REGIA_SECOND)
    return;
  self->fps =
      (double)(info->frames - self->fps_frames) * REGIA_SECOND / (double)(now_ns - self->fps_since_ns);
  self->fps_frames = info->frames;
  self->fps_since_ns = now_ns;
}

static void
judge (RegiaSource *self, const RegiaRunInfo *info, gint64 now_ns)
{
  static const State states[] = {
      [REGIA_HEALTH_STARTING] = STARTING, [REGIA_HEALTH_LIVE] = LIVE, [REGIA_HEALTH_STALLED] = STALLED};
  g_auto (RegiaHealth) health =
      regia_health_judge (info->branches, info->live, info->came_ns ? info->came_ns : info->started_ns,
                          self->patience_ns, now_ns);

  /* What is played in a loop leaves its last picture until its first one is there again. */
  if (info->ended)
    hold_picture (self, !info->live && info->end == REGIA_RUN_ENDED ? LOOP_HOLD_NS : 0);
  else if (health.stop)
    hold_picture (self, 0);
  else if (!self->looping || info->branches[0].data_ns)
    hold_picture (self, health.hold_ns);
  if (info->ended) {
    g_autofree char *error = regia_run_get_error (self->run);
    if (*error && (info->live || info->end != REGIA_RUN_ENDED))
      set_error (self, error);
    stop_run (self, now_ns);
    return;
  }
  if (info->waits) {
    set_state (self, STARTING);
    return;
  }
  set_state (self, states[health.state]);
  if (health.stop) {
    set_error (self, health.words);
    set_words (self, "");
    if (health.patient)
      self->patience_ns = MIN (2 * self->patience_ns, PATIENCE_MAX_NS);
    stop_run (self, now_ns);
    return;
  }
  if (now_ns - info->started_ns > PATIENCE_RESET_NS && health.state == REGIA_HEALTH_LIVE)
    self->patience_ns = PATIENCE_NS;
  set_words (self, health.words);
}

/* Those that were left behind, and have come to their end after all. */
static void
bury_hung (RegiaSource *self)
{
  for (GList *link = self->hung.head, *next; link; link = next) {
    RegiaRunInfo info;

    next = link->next;
    regia_run_get_info (link->data, &info);
    if (info.gone) {
      regia_run_free (link->data);
      g_queue_delete_link (&self->hung, link);
    }
  }
}

static gboolean
has_answer (const RegiaRunInfo *info)
{
  gboolean any = FALSE;

  for (guint i = 0; i < REGIA_TIMELINE_BRANCHES; i++)
    any |= info->branches[i].announced_ns || info->branches[i].coded_ns || info->branches[i].data_ns;
  return any;
}

/* @info: (nullable): of the run, if there is one */
static void
ask_far_end (RegiaSource *self, const RegiaRunInfo *info, gint64 now_ns)
{
  gboolean of_use = info ? self->unheard && !self->stopping && !has_answer (info) : self->state == RETRYING;

  if (self->probe == NULL)
    return;
  if (!of_use) {
    regia_probe_pause (self->probe);
    return;
  }
  if (!regia_probe_tick (self->probe, now_ns) || now_ns - self->answer_ns < ANSWER_HOLD_NS)
    return;
  g_debug ("source %s: its far end answers again", self->config->name);
  self->answer_ns = now_ns;
  self->backoff.failures = 0;
  self->retry_at_ns = now_ns;
  self->at_once = info != NULL;
  stop_run (self, now_ns);
}

void
regia_source_set_ingest (RegiaSource *self, int fd)
{
  self->plan->ingest_fd = fd;
}

void
regia_source_tick (RegiaSource *self, gint64 now_ns)
{
  REGIA_ON_THREAD (NULL);

  RegiaRunInfo info;

  if (self->ended_for_good)
    return;
  bury_hung (self);
  if (self->run) {
    regia_run_get_info (self->run, &info);
    measure (self, &info, now_ns);
    if (!self->stopping)
      judge (self, &info, now_ns);
    ask_far_end (self, &info, now_ns);
    if (self->stopping && (info.gone || now_ns > self->stop_deadline_ns))
      finish_run (self, &info, now_ns);
  } else
    ask_far_end (self, NULL, now_ns);
  /* In the same tick: whoever plays a file in a loop should not see the seam. */
  if (self->run || now_ns < self->retry_at_ns)
    return;
  if (self->hung.length < HUNG_MAX)
    start (self, now_ns);
  else {
    set_error (self, "its driver hangs; unplug the device and plug it in again, or restart the machine");
    retry_in (self, FAILED, HUNG_RETRY_MS, now_ns);
  }
}

void
regia_source_stop (RegiaSource *self)
{
  self->ended_for_good = TRUE;
  if (self->run)
    regia_run_stop (self->run);
}

void
regia_source_wait_stopped (RegiaSource *self, gint64 until_ns)
{
  if (self->run && !regia_run_wait_gone (self->run, until_ns))
    g_warning ("source %s: cannot be shut down", self->config->name);
}

gboolean
regia_source_is_gone (RegiaSource *self)
{
  RegiaRunInfo info = {.gone = TRUE};

  REGIA_ON_THREAD_VAL (NULL, FALSE);
  if (self->run)
    regia_run_get_info (self->run, &info);
  return info.gone;
}

void
regia_source_get_trouble (RegiaSource *self, RegiaPictureTrouble *ret_trouble)
{
  REGIA_ON_THREAD (NULL);

  ret_trouble->lost = !self->has[0];
  ret_trouble->black = self->has[0] && self->black;
  ret_trouble->still_ns = self->has[0] ? self->still_ns : 0;
}

/* (transfer full) */
static char *
iso_note_of (RegiaSource *self)
{
  g_autofree char *error = self->plan->iso ? regia_iso_get_error (self->plan->iso) : g_strdup ("");

  return *error ? g_strdup_printf ("nothing of it is in the feed by itself: %s", error) : g_strdup ("");
}

/* (transfer full): those that say something. */
static char *
join_notes (const char *first, const char *second, const char *third)
{
  const char *notes[4] = {NULL}, *all[] = {first, second, third};
  guint count = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    if (*all[i])
      notes[count++] = all[i];
  return g_strjoinv ("; ", (char **)notes);
}

void
regia_source_add_state (RegiaSource *self, const RegiaMeterValues *meter, GVariantBuilder *builder,
                        gint64 now_ns)
{
  REGIA_ON_THREAD (NULL);

  GVariantDict dict;
  gboolean waiting = self->run == NULL && !self->ended_for_good && self->retry_at_ns > now_ns;
  guint64 retry_in_ms = waiting ? (guint64)((self->retry_at_ns - now_ns) / REGIA_MSECOND) : 0;
  g_autofree char *error = self->hung.length
                               ? g_strdup_printf ("%s%s(%u earlier start%s could not be shut down)",
                                                  self->last_error, *self->last_error ? " " : "",
                                                  self->hung.length, self->hung.length == 1 ? "" : "s")
                               : g_strdup (self->last_error);
  g_autofree char *used = regia_channels_words (&self->channels);
  g_autofree char *run_note = self->run ? regia_run_get_note (self->run) : g_strdup ("");
  g_autofree char *decoder = self->run ? regia_decoders_get_used (self->plan->decoders) : g_strdup ("");
  g_autofree char *iso_note = iso_note_of (self);
  g_autofree char *note = join_notes (self->words, run_note, iso_note);

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "name", "s", self->config->name);
  g_variant_dict_insert (&dict, "pipeline", "s", self->config->pipeline);
  g_variant_dict_insert (&dict, "state", "s", state_names[self->state]);
  g_variant_dict_insert (&dict, "restarts", "t", self->starts > 0 ? self->starts - 1 : 0);
  g_variant_dict_insert (&dict, "has-video", "b", self->has[0]);
  g_variant_dict_insert (&dict, "has-audio", "b", self->has[1]);
  g_variant_dict_insert (&dict, "fps", "d", self->fps);
  g_variant_dict_insert (&dict, "black", "b", self->has[0] && self->black);
  g_variant_dict_insert (&dict, "still-ms", "t",
                         self->has[0] ? (guint64)(self->still_ns / REGIA_MSECOND) : (guint64)0);
  g_variant_dict_insert (&dict, "level-db", "d", self->has[1] ? self->level_db : -120.0);
  regia_meter_values_add (meter, &dict);
  g_variant_dict_insert (&dict, "drift-ppm", "d", round (self->drift_ppm * 10) / 10 + 0.0 /* never −0 */);
  g_variant_dict_insert (&dict, "apart-ms", "x", self->apart_ns / REGIA_MSECOND);
  g_variant_dict_insert (&dict, "channels", "t", (guint64)self->channels.channels);
  g_variant_dict_insert (&dict, "channels-used", "s", used);
  g_variant_dict_insert (&dict, "decoder", "s", decoder);
  g_variant_dict_insert (&dict, "note", "s", note);
  g_variant_dict_insert (&dict, "iso", "s", self->plan->iso ? regia_iso_get_way (self->plan->iso) : "");
  g_variant_dict_insert (&dict, "resyncs", "t", self->resyncs + self->run_resyncs);
  g_variant_dict_insert (&dict, "last-error", "s", error);
  g_variant_dict_insert (&dict, "retry-in-ms", "t", retry_in_ms);
  g_variant_builder_add_value (builder, g_variant_new_variant (g_variant_dict_end (&dict)));
}
