/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ready-private.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/base/json.h"
#include "regia/cli/cli.h"
#include "regia/control/client.h"
#include "regia/control/paths.h"

/*
 * Go or no-go: everything that an event needs on this machine is tried at once, and said in one table. What
 * may hang is asked in a child (the engine's trial, the disk) or on a thread (relays), and whoever has not
 * answered by ENOUGH_S is named and left behind.
 *
 * Where an event is on already nothing is tried that would disturb it: devices are taken, and the processor
 * is needed. Then what its status says of the sources is what counts.
 */

#define ENOUGH_S        45
#define STATUS_MS       3000
#define STATE_WIDTH     7
#define CHILD_DISK_S    30
#define PROGRESS_FROM_S 1

typedef struct {
  const RegiaConfigValues *values; /* (unowned) */
  GPtrArray *rows;                 /* (owned) */
  GPtrArray *waiting;              /* (owned) (element-type utf8): what has not answered */
  GMainLoop *loop;
  gint64 began_us;
  gboolean terminal; /* somebody looks on */
} Ready;

typedef void (*AnswerFunc) (Ready *self, const char *answer, gboolean good);

typedef struct {
  Ready *ready;
  const char *what; /* static */
  GSubprocess *child;
  AnswerFunc answer;
} Question;

RegiaReadyRow *
regia_ready_row_new (RegiaReadiness state, const char *kind, const char *name, const char *remedy, char *text)
{
  RegiaReadyRow *self = g_new0 (RegiaReadyRow, 1);

  self->state = state;
  self->what = g_strjoin (" ", kind, name, NULL);
  self->text = text;
  self->remedy = g_strdup (remedy != NULL ? remedy : "");
  return self;
}

void
regia_ready_row_free (RegiaReadyRow *self)
{
  g_free (self->what);
  g_free (self->text);
  g_free (self->remedy);
  g_free (self);
}

GPtrArray *
regia_ready_rows_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)regia_ready_row_free);
}

void
regia_ready_add (GPtrArray *rows, RegiaReadiness state, const char *kind, const char *name,
                 const char *remedy, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (rows, regia_ready_row_new (state, kind, name, remedy, g_strdup_vprintf (format, args)));
  va_end (args);
}

static void
answered (Ready *self, const char *what)
{
  for (guint i = 0; i < self->waiting->len; i++)
    if (g_str_equal (g_ptr_array_index (self->waiting, i), what)) {
      g_ptr_array_remove_index (self->waiting, i);
      break;
    }
  if (self->waiting->len == 0)
    g_main_loop_quit (self->loop);
}

static void
on_child_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Question *question = user_data;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gboolean good;

  if (!g_subprocess_communicate_utf8_finish (question->child, result, &text, NULL, &error))
    question->answer (question->ready, error->message, FALSE);
  else {
    good =
        g_subprocess_get_if_exited (question->child) && g_subprocess_get_exit_status (question->child) == 0;
    if (!good && (text == NULL || text[0] == '\0')) {
      g_free (text);
      text = g_subprocess_get_if_signaled (question->child)
                 ? g_strdup_printf ("what tried it died of signal %d; a driver hangs or is broken",
                                    g_subprocess_get_term_sig (question->child))
                 : g_strdup ("what tried it gave up without a word");
    }
    question->answer (question->ready, text, good);
  }
  answered (question->ready, question->what);
  g_object_unref (question->child);
}

static void
ask_child (Ready *self, const char *what, AnswerFunc answer, const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *child =
      g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error);
  Question *question;

  if (child == NULL) {
    answer (self, error->message, FALSE);
    return;
  }
  question = g_new0 (Question, 1);
  *question = (Question){.ready = self, .what = what, .child = child, .answer = answer};
  g_ptr_array_add (self->waiting, g_strdup (what));
  g_subprocess_communicate_utf8_async (child, NULL, NULL, on_child_cb, question);
}

static void
take_trial (Ready *self, const char *answer, gboolean good)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) report = good ? regia_json_to_vardict (answer, -1, &error) : NULL;

  if (report != NULL)
    regia_ready_judge_trial (self->rows, self->values, report);
  else
    regia_ready_add (self->rows, REGIA_READY_NO_GO, "programme", NULL,
                     "`regia pipelines` says what is missing; G_MESSAGES_DEBUG=all regia check says more",
                     "cannot be tried: %s", error != NULL ? error->message : answer);
}

static void
take_disk (Ready *self, const char *answer, gboolean good)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) report = good ? regia_json_to_vardict (answer, -1, &error) : NULL;

  if (report != NULL) {
    const RegiaDiskFigures figures = {
        .free_bytes = (guint64)regia_json_get_int (report, "free-bytes"),
        .bytes_per_s = regia_json_get_double (report, "bytes-per-s"),
        .slowest_ms = regia_json_get_double (report, "slowest-ms"),
    };
    regia_ready_judge_disk (self->rows, self->values, &figures);
  } else
    regia_ready_add (self->rows, REGIA_READY_NO_GO, "recording", NULL,
                     "check the disk, and the folder's owner", "%s", error != NULL ? error->message : answer);
}

int
regia_cli_disk_main (int argc, char **argv)
{
  RegiaDiskFigures figures;
  g_autoptr (GError) error = NULL;
  g_autofree char *json = NULL;
  GVariantDict dict;

  if (argc != 2)
    return 64;
  alarm (CHILD_DISK_S);
  if (!regia_ready_measure_disk (argv[1], &figures, &error)) {
    printf ("%s", error->message);
    return regia_error_exit_status (error);
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "free-bytes", "t", figures.free_bytes);
  g_variant_dict_insert (&dict, "bytes-per-s", "d", figures.bytes_per_s);
  g_variant_dict_insert (&dict, "slowest-ms", "d", figures.slowest_ms);
  json = regia_json_from_variant (g_variant_dict_end (&dict), FALSE);
  printf ("%s", json);
  return 0;
}

static void
on_relay_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Ready *self = user_data;
  RegiaReadyRow *row = regia_ready_ask_relay_finish (result);
  g_autofree char *what = g_strdup (row->what);

  g_ptr_array_add (self->rows, row);
  answered (self, what);
}

static gboolean
on_second_cb (gpointer user_data)
{
  Ready *self = user_data;
  gint64 passed_s = (g_get_monotonic_time () - self->began_us) / G_USEC_PER_SEC;

  if (self->terminal && passed_s >= PROGRESS_FROM_S) {
    g_autofree char *list = NULL;

    g_ptr_array_add (self->waiting, NULL);
    list = g_strjoinv (", ", (char **)self->waiting->pdata);
    g_ptr_array_remove_index (self->waiting, self->waiting->len - 1);
    fprintf (stderr, "\r\033[Ktrying it, %" G_GINT64_FORMAT " s: %.60s", passed_s, list);
    fflush (stderr);
  }
  if (passed_s >= ENOUGH_S)
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* (transfer full) (nullable): the status of an event that is on, or in rehearsal, there. */
static GVariant *
get_running (const char *state_dir)
{
  g_autofree char *path = g_build_filename (state_dir, "run", REGIA_CONTROL_SOCKET, NULL);
  g_autoptr (GVariant) status = NULL;
  const char *state;

  if (access (path, F_OK) != 0)
    return NULL;
  status = regia_client_get_status (path, STATUS_MS, NULL);
  if (status == NULL)
    return NULL;
  state = regia_json_get_string (status, "state");
  return g_str_equal (state, "standby") || g_str_equal (state, "ended") ? NULL : g_steal_pointer (&status);
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  /* In the order in which somebody sets up a hall, whoever answered first. */
  static const char *const order[] = {"source",    "slate",       "programme", "rendition",
                                      "processor", "recording",   "viewers",   "redirect",
                                      "console",   "certificate", "clock",     "relay"};
  const RegiaReadyRow *one = *(RegiaReadyRow *const *)a, *other = *(RegiaReadyRow *const *)b;
  gsize first = 0, second = 0;

  while (first < G_N_ELEMENTS (order) && !g_str_has_prefix (one->what, order[first]))
    first++;
  while (second < G_N_ELEMENTS (order) && !g_str_has_prefix (other->what, order[second]))
    second++;
  return first < second ? -1 : first > second;
}

static const char *const words[] = {
    [REGIA_READY_GO] = "go", [REGIA_READY_LOOK] = "look", [REGIA_READY_NO_GO] = "NO-GO"};

static void
print_table (GPtrArray *rows, const guint counts[], double seconds)
{
  static const char *const colours[] = {
      [REGIA_READY_GO] = "\033[32m", [REGIA_READY_LOOK] = "\033[33m", [REGIA_READY_NO_GO] = "\033[1;31m"};
  gboolean colour = isatty (STDOUT_FILENO) && g_getenv ("NO_COLOR") == NULL;
  int width = 0;

  for (guint i = 0; i < rows->len; i++)
    width = MAX (width, (int)strlen (((RegiaReadyRow *)g_ptr_array_index (rows, i))->what));
  printf ("\n");
  for (guint i = 0; i < rows->len; i++) {
    const RegiaReadyRow *row = g_ptr_array_index (rows, i);

    printf ("%s%-*s%s %-*s  %s\n", colour ? colours[row->state] : "", STATE_WIDTH, words[row->state],
            colour ? "\033[0m" : "", width, row->what, row->text);
    if (row->remedy[0] != '\0')
      printf ("%-*s %-*s  → %s\n", STATE_WIDTH, "", width, "", row->remedy);
  }
  if (counts[REGIA_READY_NO_GO] > 0)
    printf ("\nNO-GO: %u must be put right", counts[REGIA_READY_NO_GO]);
  else
    printf ("\nGO");
  if (counts[REGIA_READY_LOOK] > 0)
    printf ("%s%u to look at", counts[REGIA_READY_NO_GO] > 0 ? ", " : ": ", counts[REGIA_READY_LOOK]);
  printf (" (%.0f s)\n", seconds);
}

static void
print_json (GPtrArray *rows, gboolean go, double seconds)
{
  static const char *const names[] = {
      [REGIA_READY_GO] = "go", [REGIA_READY_LOOK] = "look", [REGIA_READY_NO_GO] = "no-go"};
  GVariantBuilder list;
  GVariantDict dict;
  g_autofree char *json = NULL;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < rows->len; i++) {
    const RegiaReadyRow *row = g_ptr_array_index (rows, i);

    g_variant_builder_open (&list, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&list, "{sv}", "what", g_variant_new_string (row->what));
    g_variant_builder_add (&list, "{sv}", "state", g_variant_new_string (names[row->state]));
    g_variant_builder_add (&list, "{sv}", "text", g_variant_new_string (row->text));
    g_variant_builder_add (&list, "{sv}", "remedy", g_variant_new_string (row->remedy));
    g_variant_builder_close (&list);
  }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "go", "b", go);
  g_variant_dict_insert (&dict, "seconds", "d", seconds);
  g_variant_dict_insert_value (&dict, "rows", g_variant_builder_end (&list));
  json = regia_json_from_variant (g_variant_dict_end (&dict), TRUE);
  printf ("%s\n", json);
}

static void
begin (Ready *self, const char *event, const char *hall, const char *state_dir, GVariant *running)
{
  const RegiaConfigValues *values = self->values;
  const char *const trial[] = {"/proc/self/exe",         "child", "trial", event != NULL ? event : "",
                               hall != NULL ? hall : "", NULL};
  g_autofree char *folder =
      values->folder != NULL ? g_strdup (values->folder) : g_build_filename (state_dir, "recordings", NULL);
  const char *const disk[] = {"/proc/self/exe", "child", "disk", folder, NULL};

  for (guint i = 0; running == NULL && i < values->relays->len; i++) {
    const RegiaConfigRelay *relay = g_ptr_array_index (values->relays, i);

    g_ptr_array_add (self->waiting, g_strconcat ("relay ", relay->name, NULL));
    regia_ready_ask_relay (relay, on_relay_cb, self);
  }
  if (running != NULL)
    regia_ready_judge_running (self->rows, values, running);
  else {
    ask_child (self, "sources and processor", take_trial, trial);
    if (values->record)
      ask_child (self, "recording", take_disk, disk);
  }
  regia_ready_add_ports (self->rows, values, running != NULL);
  regia_ready_add_certificate (self->rows, values);
  regia_ready_add_clock (self->rows);
}

int
regia_cli_ready (RegiaConfig *config, const char *event, const char *hall, const char *state_dir,
                 gboolean json)
{
  g_autoptr (GVariant) running = get_running (state_dir);
  g_autoptr (GPtrArray) rows = regia_ready_rows_new (), waiting = g_ptr_array_new_with_free_func (g_free);
  Ready self = {.values = regia_config_get (config),
                .rows = rows,
                .waiting = waiting,
                .began_us = g_get_monotonic_time (),
                .terminal = isatty (STDERR_FILENO)};
  guint second, counts[] = {0, 0, 0};
  double seconds;

  self.loop = g_main_loop_new (NULL, FALSE);
  begin (&self, event, hall, state_dir, running);
  second = g_timeout_add_seconds (1, on_second_cb, &self);
  if (waiting->len > 0)
    g_main_loop_run (self.loop);
  g_source_remove (second);
  if (self.terminal)
    fprintf (stderr, "\r\033[K");
  for (guint i = 0; i < waiting->len; i++)
    regia_ready_add (rows, REGIA_READY_NO_GO, g_ptr_array_index (waiting, i), NULL,
                     "a driver or a disk hangs; unplug the devices and plug them in again, or restart the "
                     "machine",
                     "has not answered within %d s", ENOUGH_S);
  g_ptr_array_sort (rows, compare_rows);
  for (guint i = 0; i < rows->len; i++)
    counts[((RegiaReadyRow *)g_ptr_array_index (rows, i))->state]++;
  seconds = (double)(g_get_monotonic_time () - self.began_us) / G_USEC_PER_SEC;
  if (json)
    print_json (rows, counts[REGIA_READY_NO_GO] == 0, seconds);
  else
    print_table (rows, counts, seconds);
  fflush (stdout);
  g_main_loop_unref (self.loop);
  return counts[REGIA_READY_NO_GO] > 0 ? 69 : 0;
}
