/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/log.h"
#include "regia/cli/cli.h"
#include "regia/director/director.h"

/* What is on the screen. */
typedef struct {
  gboolean terminal;
  gboolean addresses_shown;
  gboolean service; /* waits for events */
  guint ticks;
  GVariant *last; /* (owned) (nullable): status */
} Screen;

static void
show_addresses (Screen *screen, GVariant *status)
{
  g_autoptr (GVariant) gateway = g_variant_lookup_value (status, "gateway", G_VARIANT_TYPE_VARDICT);
  const char *address;

  if (screen->addresses_shown || gateway == NULL || !g_variant_lookup (gateway, "address", "&s", &address))
    return;
  screen->addresses_shown = TRUE;
  printf ("%s  Viewers      %s/\n  Recordings   %s/recordings\n  Status       %s/api/v1/status\n  Ctrl-C "
          "ends %s.\n\n",
          screen->terminal ? "\r\033[K" : "", address, address, address,
          screen->service ? "Regia" : "the event");
  fflush (stdout);
}

/* Cut to the terminal's width in characters, so that the line stays one line. */
static char *
fit (const char *line)
{
  struct winsize size;
  glong columns = 120;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10)
    columns = size.ws_col - 1;
  return g_utf8_strlen (line, -1) <= columns ? g_strdup (line) : g_utf8_substring (line, 0, columns);
}

static void
tick_cb (GVariant *status, gpointer user_data)
{
  Screen *screen = user_data;
  g_autofree char *line = regia_cli_status_line (status);

  g_clear_pointer (&screen->last, g_variant_unref);
  screen->last = g_variant_ref (status);
  show_addresses (screen, status);
  if (screen->terminal) {
    g_autofree char *fitting = fit (line);
    printf ("\r\033[K%s", fitting);
  } else if (screen->ticks++ % 60 == 0) {
    /* In a log file the line once a minute is enough; what happens in between is logged by those it happens
     * to. */
    printf ("%s\n", line);
  }
  fflush (stdout);
}

static RegiaConfig *
load_event (const char *path, const char *state_dir, gboolean *ret_stored, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *base_dir = g_path_get_dirname (path);
  g_autofree char *stored = NULL;
  RegiaConfig *config = regia_config_load (path, NULL, &local_error);

  if (config != NULL && regia_config_check_pipelines (config, &local_error) &&
      regia_cli_check_slate (config, &local_error))
    return config;
  g_clear_pointer (&config, regia_config_unref);
  /* The show was interrupted and meanwhile its file was broken: it goes on as it was begun. */
  stored = regia_director_stored_event (state_dir, path);
  if (stored != NULL && (config = regia_config_load (stored, base_dir, NULL)) != NULL) {
    g_warning ("%s", local_error->message);
    g_warning ("the interrupted show goes on with the event as it was when it began");
    *ret_stored = TRUE;
    return config;
  }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* The finished files by name, for whoever wants to open one; then what came of it all. */
static int
say_outcome (GVariant *status)
{
  g_autoptr (GVariant) recorder = g_variant_lookup_value (status, "recorder", G_VARIANT_TYPE_VARDICT);
  g_autofree const char **files = NULL;
  const char *path;

  if (recorder != NULL && g_variant_lookup (recorder, "path", "&s", &path) &&
      g_variant_lookup (recorder, "files", "^a&s", &files))
    for (guint i = 0; files[i] != NULL; i++)
      printf ("The recording is %s/%s\n", path, files[i]);
  return regia_cli_say_outcome (status);
}

/* Until it is over; @config: NULL for the service. */
static int
run_director (RegiaConfig *config, RegiaDirectorOptions *options)
{
  Screen screen = {.terminal = isatty (STDOUT_FILENO), .service = config == NULL};
  g_autoptr (GVariant) last = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok;

  options->tick = tick_cb;
  options->tick_data = &screen;
  ok = regia_director_run (config, options, &error);
  last = screen.last;
  if (!ok)
    return regia_cli_fail (error);
  if (last == NULL)
    return 0;
  printf ("\n");
  return say_outcome (last);
}

static int
run_service (const char *state_dir, const char *hall, const char *folder)
{
  g_autofree char *hall_path = g_canonicalize_filename (hall, NULL);
  g_autofree char *events_dir = g_canonicalize_filename (folder, NULL);
  RegiaDirectorOptions options = {.state_dir = state_dir, .hall_path = hall_path, .events_dir = events_dir};

  printf ("The events of %s\n", events_dir);
  fflush (stdout);
  return run_director (NULL, &options);
}

int
regia_cli_run (int argc, char **argv)
{
  g_autofree char *hall = NULL, *events = NULL;
  g_autofree char *state_option = NULL, *state_dir = NULL, *path = NULL, *base_dir = NULL;
  gboolean fresh = FALSE, again = FALSE, rehearse = FALSE, stored = FALSE;
  GOptionEntry entries[] = {
      {"state", 0, 0, G_OPTION_ARG_FILENAME, &state_option, "Folder for state, sockets and recordings",
       "DIR"},
      {"new", 0, 0, G_OPTION_ARG_NONE, &fresh, "Begin a new show even if this event was interrupted or ended",
       NULL},
      {"again", 0, 0, G_OPTION_ARG_NONE, &again,
       "Go on with this event though it was ended: same recording, another part", NULL},
      {"rehearse", 0, 0, G_OPTION_ARG_NONE, &rehearse,
       "Begin as a rehearsal: nobody sees it, nothing is recorded; `regia start NAME` puts it on the air",
       NULL},
      {"hall", 0, 0, G_OPTION_ARG_FILENAME, &hall, "Hall file: wait for events, with --events", "HALL"},
      {"events", 0, 0, G_OPTION_ARG_FILENAME, &events,
       "Folder of the event files that are started one after the other", "FOLDER"},
      G_OPTION_ENTRY_NULL,
  };
  g_autoptr (RegiaConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  RegiaDirectorOptions options = {0};
  const RegiaConfigValues *values;
  int status;

  if (!regia_cli_parse (
          "run", "FILE | --hall=HALL --events=FOLDER",
          "Starts the event that FILE describes, and runs it until it is ended. With --hall and "
          "--events it waits for the events of a folder: each begins by `regia start NAME`, or at "
          "its hour where its file says start_by_itself = yes, and ends by `regia stop`. A rehearsal, of "
          "which "
          "nobody sees anything and nothing is recorded, begins by --rehearse or `regia rehearse NAME`; "
          "`regia start "
          "NAME` puts it on the air, and any other end leaves nothing of it.\n\n"
          "  regia stop              the event is over; its recording is finished, and served\n"
          "  regia stop --quit,\n"
          "  Ctrl-C, systemctl stop  the same, then the program ends; the next start begins another show\n"
          "  Ctrl-C a second time    it ends at once; the recording is finished beside what is started next\n"
          "  a restart of the computer, a crash, kill -9\n"
          "                          the show goes on at the next start, in the same recording; a rehearsal "
          "goes on as "
          "one",
          entries, &argc, &argv, &status))
    return status;
  if ((hall != NULL) != (events != NULL) || argc != (hall != NULL ? 1 : 2)) {
    fprintf (stderr,
             "regia: run takes one event file, or --hall=HALL and --events=FOLDER; `regia run --help` says "
             "more\n");
    return 64;
  }
  if (hall != NULL && (fresh || again || rehearse)) {
    fprintf (
        stderr,
        "regia: --new, --again and --rehearse go with an event file; `regia start NAME --again` is what goes "
        "on with an event that was ended, `regia rehearse NAME` what rehearses one\n");
    return 64;
  }
  if (rehearse && again) {
    fprintf (stderr,
             "regia: --again goes on with what was recorded, --rehearse records nothing; one of the two\n");
    return 64;
  }
  regia_director_hold_signals ();
  regia_log_init ("director");
  state_dir = regia_cli_state_dir (state_option);
  if (hall != NULL)
    return run_service (state_dir, hall, events);
  path = g_canonicalize_filename (argv[1], NULL);
  base_dir = g_path_get_dirname (path);
  config = load_event (path, state_dir, &stored, &error);
  if (config == NULL)
    return regia_cli_fail (error);
  values = regia_config_get (config);
  for (guint i = 0; i < values->warnings->len; i++)
    fprintf (stderr, "regia: %s\n", (const char *)g_ptr_array_index (values->warnings, i));
  printf ("%s%s%s\n", values->name, values->place[0] != '\0' ? " · " : "", values->place);
  fflush (stdout);

  options.state_dir = state_dir;
  options.config_path = path;
  options.base_dir = base_dir;
  options.fresh = fresh;
  options.again = again;
  options.rehearse = rehearse;
  options.keep_event = stored;
  return run_director (config, &options);
}
