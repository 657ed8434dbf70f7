/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-engine"

#include "regia/engine/engine.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/config/part.h"
#include "regia/control/child.h"
#include "regia/engine/core.h"
#include "regia/feed/log.h"
#include "regia/feed/server.h"

/*
 * The engine process: RegiaEngine, the feed log and its server, and the control connection. Everything here
 * belongs to the main thread, but for the thread that ends the process in order, which touches the engine
 * only after the main thread has let go of it.
 */

#define DRAIN_MS      1000
#define FEED_DRAIN_MS 1500
#define SAFE_MS       6000 /* the director's deadline for it all is 10 s */
#define LOOK_MS       200  /* who watches a preview need not wait for its first picture any longer */

typedef struct {
  RegiaChild *child;
  RegiaConfig *config;     /* (owned) */
  RegiaFeedLog *log;       /* (owned) */
  RegiaEngine *engine;     /* (owned) */
  RegiaFeedServer *server; /* (owned) */
  gint64 started_ns;
  gboolean is_private, is_rehearsal;
  gint64 last_public_ns; /* pts of the last picture that the public got as it was */
  guint publisher;       /* source id, as the next one */
  guint looker;
  GThread *ender;  /* (owned) (nullable) */
  gboolean ready;  /* packets flow */
  gboolean over;   /* the event is; set before the ender starts */
  gboolean finish; /* the event is over, and somebody is to keep its end; set before the ender starts */
  gboolean hangs;  /* set by the ender before it ends */
} Process;

static GVariant *
feed_state (Process *self)
{
  GVariantDict dict;
  RegiaFeedLogStats stats;

  regia_feed_log_get_stats (self->log, &stats);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "packets", "t", stats.packets);
  g_variant_dict_insert (&dict, "bytes", "t", stats.bytes);
  g_variant_dict_insert (&dict, "held-ms", "t", (guint64)(stats.held_ns / REGIA_MSECOND));
  g_variant_dict_insert (&dict, "readers", "t", (guint64)regia_feed_server_get_readers (self->server));
  return g_variant_dict_end (&dict);
}

static gboolean
publish_cb (gpointer user_data)
{
  Process *self = user_data;
  g_autoptr (GVariant) core = g_variant_ref_sink (regia_engine_get_state (self->engine));
  GVariantDict dict;

  g_variant_dict_init (&dict, core);
  g_variant_dict_insert (&dict, "private", "b", self->is_private);
  g_variant_dict_insert (&dict, "rehearsal", "b", self->is_rehearsal);
  g_variant_dict_insert (&dict, "last-public-ms", "t",
                         (guint64)MAX (self->last_public_ns, 0) / REGIA_MSECOND);
  g_variant_dict_insert (&dict, "generation", "t", regia_child_get_generation (self->child));
  g_variant_dict_insert_value (&dict, "feed", feed_state (self));
  regia_child_set_state (self->child, g_variant_dict_end (&dict));
  return G_SOURCE_CONTINUE;
}

static gboolean
look_cb (gpointer user_data)
{
  Process *self = user_data;

  regia_engine_set_wanted (self->engine, regia_feed_server_get_wanted (self->server));
  return G_SOURCE_CONTINUE;
}

static void
on_ready_cb (gpointer user_data)
{
  Process *self = user_data;

  g_info ("the programme runs; first packets after %.0f ms",
          (double)(regia_clock_monotonic_ns () - self->started_ns) / REGIA_MSECOND);
  self->ready = TRUE;
  publish_cb (self);
}

static void
on_failed_cb (const GError *error, gpointer user_data)
{
  Process *self = user_data;

  regia_child_failed (self->child, error);
}

/* Private before public, and hidden before shown: in between nothing is given that is not to be.
 * Returns: whether something is another now. */
static gboolean
hide (Process *self, GVariant *part, gint64 now_ns)
{
  gboolean is_private = FALSE, is_rehearsal = FALSE;
  gboolean was_private = self->is_private, was_rehearsal = self->is_rehearsal;

  g_variant_lookup (part, "private", "b", &is_private);
  g_variant_lookup (part, "rehearsal", "b", &is_rehearsal);
  self->is_private = is_private;
  self->is_rehearsal = is_rehearsal;
  if (is_rehearsal && !was_rehearsal)
    regia_feed_log_set_rehearsal (self->log, TRUE, now_ns);
  if (is_private != was_private)
    self->last_public_ns = regia_feed_log_set_private (self->log, is_private, now_ns);
  if (!is_rehearsal && was_rehearsal)
    regia_feed_log_set_rehearsal (self->log, FALSE, now_ns);
  return is_private != was_private || is_rehearsal != was_rehearsal;
}

/* Returns: whether another one is shown now. @at_once: without the way from the one before, which nobody
 * sees. */
static gboolean
show (Process *self, GVariant *part, gboolean at_once)
{
  g_autofree char *before = g_strdup (regia_engine_get_scene (self->engine));
  const char *name = "";
  gint64 fade_ms = -1;
  gboolean held = FALSE;

  g_variant_lookup (part, "scene", "&s", &name);
  g_variant_lookup (part, "scene-fade-ms", "x", &fade_ms);
  g_variant_lookup (part, "scene-held", "b", &held);
  if (*name != '\0' &&
      !regia_engine_show (self->engine, name, at_once ? 0 : (int)CLAMP (fade_ms, -1, G_MAXINT), held))
    g_warning ("there is no scene \"%s\" in this event; \"%s\" stays", name, before);
  return strcmp (before, regia_engine_get_scene (self->engine)) != 0;
}

static void
set_look (Process *self, GVariant *part)
{
  const char *name = "", *line = "";
  gboolean tone = FALSE;

  g_variant_lookup (part, "tone", "b", &tone);
  regia_engine_set_tone (self->engine, tone);
  g_variant_lookup (part, "caption", "&s", &name);
  g_variant_lookup (part, "caption-line", "&s", &line);
  regia_engine_set_caption (self->engine, name, line);
}

static void
set_gains (Process *self, GVariant *part)
{
  g_autoptr (GVariant) faders = g_variant_lookup_value (part, "faders", G_VARIANT_TYPE ("av"));
  gsize count = faders != NULL ? g_variant_n_children (faders) : 0;
  g_autofree RegiaEngineGain *gains = g_new0 (RegiaEngineGain, count + 1);
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);

  for (gsize i = 0; i < count; i++) {
    g_autoptr (GVariant) boxed = g_variant_get_child_value (faders, i);
    GVariant *fader = g_variant_get_variant (boxed);
    gint64 gain = 0;

    g_ptr_array_add (held, fader);
    gains[i].language = gains[i].source = "";
    g_variant_lookup (fader, "language", "&s", &gains[i].language);
    g_variant_lookup (fader, "source", "&s", &gains[i].source);
    g_variant_lookup (fader, "gain", "x", &gain);
    g_variant_lookup (fader, "muted", "b", &gains[i].muted);
    gains[i].gain = (int)CLAMP (gain, REGIA_CONFIG_GAIN_MIN, REGIA_CONFIG_GAIN_MAX);
  }
  regia_engine_set_gains (self->engine, gains, (guint)count);
}

/* What a version of the director that is not ours says cannot be; then what there is stays. */
static void
set_sources (Process *self, GVariant *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RegiaConfig) config = regia_config_of_process (part, &error);

  if (config != NULL)
    regia_engine_set_sources (self->engine, config);
  else
    g_warning ("%s; the sources stay as they are", error->message);
}

static gboolean
apply_cb (RegiaChild *child, GVariant *part, gpointer user_data)
{
  Process *self = user_data;
  gint64 now_ns = regia_epoch_show_time (regia_child_get_epoch (child));
  gboolean was_private = self->is_private, was_rehearsal = self->is_rehearsal;
  gboolean is_hidden = hide (self, part, now_ns), is_another;

  set_sources (self, part);
  is_another = show (self, part, FALSE);
  set_gains (self, part);
  set_look (self, part);
  if (!is_another && !is_hidden)
    return TRUE;
  /* Or the public would wait for the next segment. */
  if ((was_private && !self->is_private) || (was_rehearsal && !self->is_rehearsal))
    regia_engine_force_keyframe (self->engine, now_ns);
  if (self->is_private != was_private)
    g_message (self->is_private ? "private: public readers get the slate and silence" : "public again");
  if (self->is_rehearsal != was_rehearsal)
    g_message (self->is_rehearsal ? "rehearsal: public readers get nothing" : "the rehearsal is over");
  publish_cb (self);
  return TRUE;
}

static gboolean
add_reader_cb (int fd, const char *name, RegiaChildRights rights, gpointer user_data, GError **error)
{
  static const RegiaFeedRights feed_rights[] = {[REGIA_CHILD_PUBLIC] = REGIA_FEED_PUBLIC,
                                                [REGIA_CHILD_HOUSE] = REGIA_FEED_HOUSE,
                                                [REGIA_CHILD_RECORD] = REGIA_FEED_RECORD};
  Process *self = user_data;

  return regia_feed_server_add_reader (self->server, fd, name, feed_rights[rights], error);
}

static gboolean
health_cb (char **ret_why, gpointer user_data)
{
  Process *self = user_data;

  return regia_engine_is_healthy (self->engine, ret_why);
}

/* Ends in order: the encoders' last packets, then the log, then the readers' sockets. Readers hear of an end
 * only when the event has one: viewers would else be told by a gateway that goes away a moment later than
 * this engine that it is over, while the next engine is being started. The memory goes when the recorder says
 * that the end is on disk: it may be killed just now and come back. */
static gpointer
end_thread (gpointer user_data)
{
  Process *self = user_data;

  self->hangs = !regia_engine_drain (self->engine, DRAIN_MS);
  if (self->over)
    regia_feed_log_end (self->log);
  else
    regia_feed_log_close (self->log);
  regia_feed_server_drain (self->server, FEED_DRAIN_MS);
  if (self->finish && regia_config_get (self->config)->record &&
      !regia_feed_server_wait_safe (self->server, SAFE_MS))
    g_warning ("the recorder has not said that the end is on disk");
  regia_child_stopped (self->child);
  return NULL;
}

static void
stop_cb (RegiaChild *child, gboolean finish, gpointer user_data)
{
  Process *self = user_data;

  if (self->ender)
    return; /* told to hurry: it has a deadline */
  g_info ("%s", finish ? "the event is over" : "going away");
  g_clear_handle_id (&self->publisher, g_source_remove);
  g_clear_handle_id (&self->looker, g_source_remove);
  regia_engine_end (self->engine);
  self->over = finish;
  /* Told before anything was on the air, it may be that nobody ever reads it. */
  self->finish = finish && self->ready;
  self->ender = g_thread_new ("end", end_thread, self);
}

/*
 * GStreamer keeps a list of its plugins in the user's cache folder; without one each start would look through
 * all of them, which takes seconds. A service has no home, so the list is then kept beside the show's
 * sockets.
 */
static void
keep_plugin_list (const char *run_dir)
{
  g_autofree char *usual = g_build_filename (g_get_user_cache_dir (), "gstreamer-1.0", NULL);
  g_autofree char *own = g_build_filename (run_dir, "gstreamer-plugins.bin", NULL);

  if (g_mkdir_with_parents (usual, 0700) != 0 || access (usual, W_OK) != 0)
    g_setenv ("GST_REGISTRY", own, FALSE);
}

/*
 * Pictures of a megabyte or more come and go twenty-five times a second. glibc would give what a few of them
 * have left free back to the kernel each time, and get it anew for the next, page by page and filled with
 * zeros. What is free at the end of a heap is kept, up to a bound.
 */
static void
keep_free_memory (void)
{
  mallopt (M_MMAP_THRESHOLD, 32 << 20); /* the most that there is; set, it is no longer glibc's own choice */
  mallopt (M_TRIM_THRESHOLD, 32 << 20);
}

static gboolean
start_cb (RegiaChild *child, gpointer user_data, GError **error)
{
  static const RegiaEngineCallbacks callbacks = {.ready_cb = on_ready_cb, .failed_cb = on_failed_cb};
  Process *self = user_data;
  const RegiaConfigValues *values;

  keep_free_memory ();
  self->started_ns = regia_clock_monotonic_ns ();
  self->child = child;
  self->config = regia_config_of_process (regia_child_get_part (child), error);
  if (self->config == NULL)
    return FALSE;
  values = regia_config_get (self->config);
  self->log =
      regia_feed_log_new (regia_child_get_generation (self->child),
                          (gint64)values->feed_seconds * REGIA_SECOND, (guint64)values->feed_mbytes << 20);
  /* Before the first packet: an engine that starts while the hall is private has never been public. */
  hide (self, regia_child_get_part (child), 0);
  /* Readers wait from the beginning, and are told that there is an engine. */
  self->server = regia_feed_server_new (self->log);
  keep_plugin_list (regia_child_get_run_dir (self->child));
  self->engine = regia_engine_new (self->config, regia_child_get_epoch (self->child), self->log, &callbacks,
                                   self, error);
  if (self->engine == NULL)
    return FALSE;
  regia_engine_set_ingest (self->engine, REGIA_CHILD_INGEST_FD);
  show (self, regia_child_get_part (child), TRUE);
  set_gains (self, regia_child_get_part (child));
  set_look (self, regia_child_get_part (child));
  if (!regia_engine_start (self->engine, error))
    return FALSE;
  self->publisher = g_timeout_add_seconds (1, publish_cb, self);
  self->looker = g_timeout_add (LOOK_MS, look_cb, self);
  publish_cb (self);
  return TRUE;
}

static void
clear_cb (gpointer user_data)
{
  Process *self = user_data;

  g_clear_pointer (&self->ender, g_thread_join);
  g_clear_handle_id (&self->publisher, g_source_remove);
  g_clear_handle_id (&self->looker, g_source_remove);
  g_clear_pointer (&self->server, regia_feed_server_free);
  if (self->hangs) {
    /* Shutting down what hangs would hang too; the kernel does it. */
    g_warning ("an encoder does not end; leaving it to the kernel");
    _exit (EXIT_SUCCESS);
  }
  g_clear_pointer (&self->engine, regia_engine_free);
  g_clear_pointer (&self->log, regia_feed_log_free);
  g_clear_pointer (&self->config, regia_config_unref);
}

const RegiaChildClass regia_engine_class = {
    .kind = "engine",
    .size = sizeof (Process),
    .start = start_cb,
    .apply = apply_cb,
    .add_reader = add_reader_cb,
    .stop = stop_cb,
    .health = health_cb,
    .clear = clear_cb,
};
