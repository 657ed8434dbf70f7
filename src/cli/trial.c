/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ready-private.h"
#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/engine/core.h"
#include "regia/feed/log.h"

/*
 * The trial: for some seconds the engine as it will be on the day, with its sources, its mix and its
 * encoders, into a feed that nobody reads. So what `regia check` says of cameras, desk and processor was
 * seen, not reckoned. In a child of its own (`regia child trial`), because a driver may hang, and then cannot
 * be waited for; and nothing is left of it afterwards.
 *
 * It waits until every source is live or has said why not, at most SETTLE_US, and CALM_US more, then measures
 * for MEASURE_US.
 */

#define TICK_MS                                                                                              \
  600 /* the engine measures its rates from one look to the next, over half a second at least                \
       */
#define SETTLE_US (15 * G_USEC_PER_SEC)
#define CALM_US                                                                                              \
  (1500 * G_USEC_PER_SEC / 1000) /* from then on: rates are of whole seconds, starts are over                \
                                  */
#define MEASURE_US (6 * G_USEC_PER_SEC)
#define CHILD_S    40 /* where nobody is left to kill it */
#define FEED_BYTES (64u << 20)
#define SILENT_DB  (-120.0)

/* What was seen of a source, or of a rendition, while it was measured. */
typedef struct {
  char *name;         /* (owned) */
  guint looks, lived; /* how often it was looked at, and was live */
  double level_db;    /* the loudest */
  double fps_sum;     /* of all looks */
} Seen;

typedef struct {
  RegiaEngine *engine;              /* (owned) */
  GHashTable *sources, *renditions; /* (owned) (element-type utf8 Seen) by name */
  GHashTable
      *threads; /* (owned) (element-type utf8 double): processor seconds of each thread at the beginning */
  GMainLoop *loop;
  gint64 began_us, settled_us, measured_from_us; /* of the monotonic clock; 0: not yet */
  double used_s;                                 /* processor time of this process until then */
  guint64 dropped;                               /* frames until then */
  RegiaMachineTime machine;
  GError *error; /* (owned) (nullable) */
} Trial;

static void
seen_free (gpointer data)
{
  Seen *self = data;

  g_free (self->name);
  g_free (self);
}

static double
own_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* (transfer full) (element-type utf8 double): "TID NAME" and its processor seconds. */
static GHashTable *
thread_seconds (void)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char *tid;

  while (dir != NULL && (tid = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename ("/proc/self/task", tid, "stat", NULL), *text = NULL;
    const char *open, *close;
    unsigned long user, system;
    double *seconds;

    if (!g_file_get_contents (path, &text, NULL, NULL) || (open = strchr (text, '(')) == NULL ||
        (close = strrchr (text, ')')) == NULL ||
        sscanf (close + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
      continue;
    seconds = g_new (double, 1);
    *seconds = (double)(user + system) / (double)sysconf (_SC_CLK_TCK);
    g_hash_table_insert (table, g_strdup_printf ("%s %.*s", tid, (int)(close - open - 1), open + 1), seconds);
  }
  return table;
}

/* The one that took most of a core since @before. @ret_name: (transfer full). */
static double
busiest_thread (GHashTable *before, double seconds, char **ret_name)
{
  g_autoptr (GHashTable) now = thread_seconds ();
  GHashTableIter iter;
  gpointer key, value;
  double most = 0;

  *ret_name = g_strdup ("");
  for (g_hash_table_iter_init (&iter, now); g_hash_table_iter_next (&iter, &key, &value);) {
    const double *then = g_hash_table_lookup (before, key);
    double share = (*(double *)value - (then != NULL ? *then : 0)) / seconds;

    if (share <= most)
      continue;
    most = share;
    g_free (*ret_name);
    *ret_name = g_strdup (strchr (key, ' ') + 1);
  }
  return most;
}

/* A source has said all that it will say for now. */
static gboolean
is_settled (GVariant *source)
{
  return g_str_equal (regia_json_get_string (source, "state"), "live") ||
         regia_json_get_string (source, "last-error")[0] != '\0';
}

static void
look_at (GHashTable *table, GVariant *entry)
{
  const char *name = regia_json_get_string (entry, "name");
  Seen *seen = g_hash_table_lookup (table, name);

  if (seen == NULL) {
    seen = g_new0 (Seen, 1);
    seen->name = g_strdup (name);
    seen->level_db = SILENT_DB;
    g_hash_table_insert (table, seen->name, seen);
  }
  seen->looks++;
  seen->lived += g_str_equal (regia_json_get_string (entry, "state"), "live");
  seen->level_db = MAX (seen->level_db, regia_json_get_double (entry, "level-db"));
  seen->fps_sum += regia_json_get_double (entry, "fps");
}

static void
look_at_all (GHashTable *table, GPtrArray *entries)
{
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    look_at (table, g_ptr_array_index (entries, i));
}

static void
begin_measuring (Trial *self, gint64 now_us, GVariant *state)
{
  self->measured_from_us = now_us;
  self->used_s = own_seconds ();
  self->threads = thread_seconds ();
  self->dropped = (guint64)regia_json_get_int (state, "frames-dropped");
  regia_machine_time (&self->machine);
}

static gboolean
on_tick_cb (gpointer user_data)
{
  Trial *self = user_data;
  g_autoptr (GVariant) state = g_variant_ref_sink (regia_engine_get_state (self->engine));
  g_autoptr (GPtrArray) sources = regia_json_get_list (state, "sources"),
                        renditions = regia_json_get_list (state, "renditions");
  gint64 now_us = g_get_monotonic_time ();
  gboolean settled = regia_json_get_boolean (state, "ready");

  for (guint i = 0; sources != NULL && i < sources->len; i++)
    settled = settled && is_settled (g_ptr_array_index (sources, i));
  if (self->measured_from_us == 0) {
    if (self->settled_us == 0 && (settled || now_us - self->began_us > SETTLE_US))
      self->settled_us = now_us;
    if (self->settled_us != 0 && now_us - self->settled_us >= CALM_US)
      begin_measuring (self, now_us, state);
    return G_SOURCE_CONTINUE;
  }
  look_at_all (self->sources, sources);
  look_at_all (self->renditions, renditions);
  if (now_us - self->measured_from_us >= MEASURE_US)
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static void
on_failed_cb (const GError *error, gpointer user_data)
{
  Trial *self = user_data;

  if (self->error == NULL)
    self->error = g_error_copy (error);
  g_main_loop_quit (self->loop);
}

static void
on_ready_cb (gpointer user_data)
{
}

/* (transfer floating): av */
static GVariant *
seen_to_variant (GHashTable *table)
{
  GVariantBuilder list;
  GHashTableIter iter;
  gpointer value;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (g_hash_table_iter_init (&iter, table); g_hash_table_iter_next (&iter, NULL, &value);) {
    const Seen *one = value;
    GVariantDict entry;

    g_variant_dict_init (&entry, NULL);
    g_variant_dict_insert (&entry, "name", "s", one->name);
    g_variant_dict_insert (&entry, "lived", "d", (double)one->lived / one->looks);
    g_variant_dict_insert (&entry, "level-db", "d", one->level_db);
    g_variant_dict_insert (&entry, "fps", "d", one->fps_sum / one->looks);
    g_variant_builder_add_value (&list, g_variant_new_variant (g_variant_dict_end (&entry)));
  }
  return g_variant_builder_end (&list);
}

/* (transfer floating): what regia_ready_judge_trial() judges. */
static GVariant *
conclude (Trial *self)
{
  GVariant *state = regia_engine_get_state (self->engine);
  double seconds = (double)(g_get_monotonic_time () - self->measured_from_us) / G_USEC_PER_SEC;
  g_autofree char *thread = NULL;
  double busiest = busiest_thread (self->threads, seconds, &thread);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "dropped", "t",
                         (guint64)regia_json_get_int (state, "frames-dropped") - self->dropped);
  g_variant_dict_insert_value (&dict, "engine", state);
  g_variant_dict_insert_value (&dict, "sources", seen_to_variant (self->sources));
  g_variant_dict_insert_value (&dict, "renditions", seen_to_variant (self->renditions));
  g_variant_dict_insert (&dict, "cores", "d", regia_machine_cores ());
  g_variant_dict_insert (&dict, "cores-used", "d", (own_seconds () - self->used_s) / seconds);
  g_variant_dict_insert (&dict, "busiest", "d", busiest);
  g_variant_dict_insert (&dict, "busiest-thread", "s", thread);
  g_variant_dict_insert (&dict, "machine-busy", "d", regia_machine_busy (&self->machine));
  return g_variant_dict_end (&dict);
}

static char *
try_engine (RegiaConfig *config, GError **error)
{
  static const RegiaEngineCallbacks callbacks = {on_ready_cb, on_failed_cb};
  g_autoptr (RegiaFeedLog) log = regia_feed_log_new (1, 10 * REGIA_SECOND, FEED_BYTES);
  RegiaEpoch epoch;
  Trial trial = {0};
  char *json = NULL;
  guint tick;

  regia_epoch_now (&epoch);
  trial.loop = g_main_loop_new (NULL, FALSE);
  trial.sources = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, seen_free);
  trial.renditions = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, seen_free);
  trial.began_us = g_get_monotonic_time ();
  trial.engine = regia_engine_new (config, &epoch, log, &callbacks, &trial, error);
  if (trial.engine != NULL && regia_engine_start (trial.engine, error)) {
    tick = g_timeout_add (TICK_MS, on_tick_cb, &trial);
    g_main_loop_run (trial.loop);
    g_source_remove (tick);
    if (trial.error != NULL)
      g_propagate_error (error, g_steal_pointer (&trial.error));
    else
      json = regia_json_from_variant (conclude (&trial), FALSE);
  }
  /* Not taken down: what hangs in a driver would hang here. The process ends with its answer. */
  g_main_loop_unref (trial.loop);
  (void)g_steal_pointer (&log);
  return json;
}

/* Ends without taking down what may hang, and without being asked what it has left behind. */
int
regia_cli_trial_main (int argc, char **argv)
{
  g_autoptr (RegiaConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  int out;

  if (argc != 3)
    return 64;
  alarm (CHILD_S);
  out = dup (STDOUT_FILENO); /* drivers' libraries print what they like */
  if (out < 0 || dup2 (STDERR_FILENO, STDOUT_FILENO) < 0)
    return 71;
  config = regia_cli_load (argv[1], argv[2], &error);
  json = config != NULL ? try_engine (config, &error) : NULL;
  if (json == NULL || !regia_fd_write_all (out, json, strlen (json), &error)) {
    (void)!write (out, error->message, strlen (error->message));
    _exit (regia_error_exit_status (error));
  }
  _exit (0);
}
