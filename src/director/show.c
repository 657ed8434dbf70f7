/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "show-private.h"

#include <sys/stat.h>

#include "regia/base/error.h"
#include "regia/base/json.h"

/* 1 had no desired state, and its states were on-air (until the recording was finished) and ended. */
#define VERSION 2
/* No event is picked up again after so long, and a clock that has lost itself is rarely off by less. */
#define REACHED_MAX_NS (366 * 24 * 3600 * REGIA_SECOND)
#define BELIEVED_S     (10 * 366 * 24 * 3600ll)

void
regia_show_clear (RegiaShow *show)
{
  g_clear_pointer (&show->event_id, g_free);
  g_clear_pointer (&show->id, g_free);
  g_clear_pointer (&show->session, g_free);
  g_clear_pointer (&show->config_path, g_free);
  g_clear_pointer (&show->desired, regia_desired_unref);
  g_clear_pointer (&show->alarms, g_variant_unref);
  g_clear_pointer (&show->ended, g_strfreev);
}

void
regia_show_copy (const RegiaShow *show, RegiaShow *ret_copy)
{
  *ret_copy = *show;
  ret_copy->event_id = g_strdup (show->event_id);
  ret_copy->id = g_strdup (show->id);
  ret_copy->session = g_strdup (show->session);
  ret_copy->config_path = g_strdup (show->config_path);
  ret_copy->desired = regia_desired_ref (show->desired);
  ret_copy->alarms = show->alarms != NULL ? g_variant_ref (show->alarms) : NULL;
  ret_copy->ended = g_strdupv (show->ended);
}

/* Those of @ended but @id, and not more than can be remembered with one more. */
static GStrvBuilder *
without (char **ended, const char *id)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  guint n = ended != NULL ? g_strv_length (ended) : 0;

  for (guint i = n >= REGIA_SHOW_ENDED_MAX ? n - REGIA_SHOW_ENDED_MAX + 1 : 0; i < n; i++)
    if (!g_str_equal (ended[i], id))
      g_strv_builder_add (builder, ended[i]);
  return builder;
}

static void
set_ended (RegiaShow *show, gboolean ended)
{
  g_autoptr (GStrvBuilder) builder = without (show->ended, show->event_id);

  if (ended)
    g_strv_builder_add (builder, show->event_id);
  g_strfreev (show->ended);
  show->ended = g_strv_builder_end (builder);
}

void
regia_show_note_ended (RegiaShow *show)
{
  set_ended (show, TRUE);
}

void
regia_show_forget_ended (RegiaShow *show)
{
  set_ended (show, FALSE);
}

static const char *const states[] = {"standby", "rehearsal", "on-air", "ending", "ended"};

const char *
regia_show_state_to_string (RegiaShowState state)
{
  return states[state];
}

char *
regia_show_to_json (const RegiaShow *show)
{
  g_autofree char *epoch = regia_epoch_to_string (&show->epoch);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "x", (gint64)VERSION);
  g_variant_dict_insert (&dict, "event", "s", show->event_id);
  g_variant_dict_insert (&dict, "id", "s", show->id);
  g_variant_dict_insert (&dict, "session", "s", show->session);
  g_variant_dict_insert (&dict, "config", "s", show->config_path);
  g_variant_dict_insert (&dict, "state", "s", states[show->state]);
  g_variant_dict_insert (&dict, "left", "b", show->left);
  g_variant_dict_insert_value (&dict, "desired", regia_desired_to_variant (show->desired));
  if (show->alarms != NULL)
    g_variant_dict_insert_value (&dict, "alarms", show->alarms);
  if (show->ended != NULL)
    g_variant_dict_insert_value (&dict, "ended", g_variant_new_strv ((const char *const *)show->ended, -1));
  g_variant_dict_insert (&dict, "epoch", "s", epoch);
  g_variant_dict_insert (&dict, "generation", "x", (gint64)show->generation);
  g_variant_dict_insert (&dict, "aired-ns", "x", show->aired_ns);
  g_variant_dict_insert (&dict, "reached-ns", "x", show->reached_ns);
  g_variant_dict_insert (&dict, "reached-wall-ns", "x", show->reached_wall_ns);
  return regia_json_from_variant (g_variant_dict_end (&dict), TRUE);
}

static gboolean
is_name (const char *text)
{
  if (text[0] == '\0' || text[0] == '.')
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_' && *p != '.')
      return FALSE;
  return TRUE;
}

static gboolean
parse_state (const char *text, RegiaShowState *ret_state)
{
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_str_equal (states[i], text)) {
      *ret_state = (RegiaShowState)i;
      return TRUE;
    }
  return FALSE;
}

/* (transfer full) (nullable) */
static char **
read_ended (GVariant *dict)
{
  g_autoptr (GPtrArray) list = regia_json_get_list (dict, "ended");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (list == NULL)
    return NULL;
  for (guint i = 0; i < list->len; i++) {
    GVariant *id = g_ptr_array_index (list, i);

    if (g_variant_is_of_type (id, G_VARIANT_TYPE_STRING))
      g_strv_builder_add (builder, g_variant_get_string (id, NULL));
  }
  return g_strv_builder_end (builder);
}

/* A service that has had no event yet has no session, and a rehearsal leaves none. */
static gboolean
is_session (const char *text, RegiaShowState state)
{
  return is_name (text) ||
         (text[0] == '\0' && (state == REGIA_SHOW_STANDBY || state == REGIA_SHOW_REHEARSAL));
}

static gboolean
read_show (GVariant *dict, RegiaShow *show)
{
  const char *event, *session, *config, *state, *epoch, *id;
  g_autoptr (GVariant) desired = g_variant_lookup_value (dict, "desired", NULL);
  gint64 generation;

  if (!g_variant_lookup (dict, "event", "&s", &event) ||
      !g_variant_lookup (dict, "session", "&s", &session) ||
      !g_variant_lookup (dict, "config", "&s", &config) || !g_variant_lookup (dict, "state", "&s", &state) ||
      !g_variant_lookup (dict, "epoch", "&s", &epoch) || !parse_state (state, &show->state) ||
      !g_variant_lookup (dict, "generation", "x", &generation) || generation < 0 ||
      !is_session (session, show->state) || !regia_epoch_parse (epoch, &show->epoch))
    return FALSE;
  show->desired = desired != NULL ? regia_desired_from_variant (desired) : regia_desired_new ();
  if (show->desired == NULL)
    return FALSE;
  /* The first version had none: always the same one for the same show. */
  show->id = g_variant_lookup (dict, "id", "&s", &id) && is_name (id)
                 ? g_strdup (id)
                 : g_strdup_printf ("%08x", g_str_hash (session));
  show->event_id = g_strdup (event);
  show->session = g_strdup (session);
  show->config_path = g_strdup (config);
  show->generation = (guint64)generation;
  show->ended = read_ended (dict);
  show->alarms = g_variant_lookup_value (dict, "alarms", NULL);
  g_variant_lookup (dict, "left", "b", &show->left);
  g_variant_lookup (dict, "aired-ns", "x", &show->aired_ns);
  g_variant_lookup (dict, "reached-ns", "x", &show->reached_ns);
  g_variant_lookup (dict, "reached-wall-ns", "x", &show->reached_wall_ns);
  if (show->reached_ns < 0 || show->reached_ns > REACHED_MAX_NS || show->reached_wall_ns < 0)
    show->reached_ns = show->reached_wall_ns = 0;
  show->aired_ns = CLAMP (show->aired_ns, 0, REACHED_MAX_NS);
  return TRUE;
}

gboolean
regia_show_from_json (const char *text, RegiaShow *ret_show, GError **error)
{
  g_autoptr (GVariant) dict = regia_json_to_vardict (text, -1, error);
  RegiaShow show = {0};
  gint64 version = 0;

  if (dict == NULL)
    return FALSE;
  if (g_variant_lookup (dict, "version", "x", &version) && version > VERSION) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_STATE,
                 "written by a newer Regia (version %" G_GINT64_FORMAT
                 " of this file, this program reads up to %d); start "
                 "that one, or name another folder with --state",
                 version, VERSION);
    return FALSE;
  }
  if (version < 1 || !read_show (dict, &show)) {
    regia_show_clear (&show);
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_MEDIA, "a value is missing or of the wrong kind");
    return FALSE;
  }
  show.unsettled = version == 1 && show.state == REGIA_SHOW_ON_AIR;
  *ret_show = show;
  return TRUE;
}

gboolean
regia_show_settle (RegiaShow *show, const char *recordings_dir)
{
  g_autofree char *path = NULL, *text = NULL;
  g_autoptr (GVariant) record = NULL;
  const char *state = "";

  if (!show->unsettled)
    return FALSE;
  show->unsettled = FALSE;
  path = g_build_filename (recordings_dir, show->session, "session.json", NULL);
  if (g_file_get_contents (path, &text, NULL, NULL))
    record = regia_json_to_vardict (text, -1, NULL);
  if (record == NULL || !g_variant_lookup (record, "state", "&s", &state) ||
      (!g_str_equal (state, "finishing") && !g_str_equal (state, "finished")))
    return FALSE;
  show->state = REGIA_SHOW_ENDING;
  return TRUE;
}

gboolean
regia_show_load (const char *path, RegiaShow *ret_show, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) local_error = NULL;
  struct stat st;

  if (!g_file_get_contents (path, &text, NULL, &local_error)) {
    if (!g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  if (!regia_show_from_json (text, ret_show, error)) {
    g_prefix_error (error, "%s: ", path);
    return FALSE;
  }
  if (ret_show->reached_wall_ns == 0 && stat (path, &st) == 0) {
    ret_show->reached_wall_ns = st.st_mtim.tv_sec * REGIA_SECOND;
    ret_show->reached_ns = MAX (ret_show->reached_wall_ns - ret_show->epoch.realtime_ns, 0);
  }
  return TRUE;
}

void
regia_show_now (RegiaShowNow *ret_now)
{
  regia_clock_boot_id (ret_now->boot_id);
  ret_now->monotonic_ns = regia_clock_monotonic_ns ();
  ret_now->realtime_ns = regia_clock_realtime_ns ();
}

void
regia_show_note_reached (RegiaShow *show, const RegiaShowNow *now)
{
  if (show->state == REGIA_SHOW_STANDBY)
    return;
  show->reached_ns = MAX (show->reached_ns, now->monotonic_ns - show->epoch.monotonic_ns);
  show->reached_wall_ns = now->realtime_ns;
}

gint64
regia_show_idle_s (const RegiaShow *show, const RegiaShowNow *now)
{
  gint64 idle_s;

  if (g_str_equal (show->epoch.boot_id, now->boot_id))
    return (now->monotonic_ns - show->epoch.monotonic_ns - show->reached_ns) / REGIA_SECOND;
  idle_s = (now->realtime_ns - show->reached_wall_ns) / REGIA_SECOND;
  return idle_s < 0 || idle_s > BELIEVED_S ? 0 : idle_s;
}

/* What is left of a stretch that was measured by a clock which may have been set in between. */
static gint64
believe (gint64 stretch_ns)
{
  return stretch_ns < 0 || stretch_ns > REGIA_SHOW_RESUME_LIMIT_S * REGIA_SECOND ? 0 : stretch_ns;
}

gboolean
regia_show_go_on (RegiaShow *show, const RegiaShowNow *now, gint64 recorded_wall_ns)
{
  gint64 unwritten_ns = 0, away_ns;

  if (!regia_epoch_rebase (&show->epoch, now->boot_id, now->monotonic_ns, now->realtime_ns))
    return FALSE;
  if (recorded_wall_ns != 0)
    unwritten_ns = believe (recorded_wall_ns - show->reached_wall_ns);
  away_ns = believe (now->realtime_ns - show->reached_wall_ns);
  show->epoch.monotonic_ns =
      now->monotonic_ns - (show->reached_ns + MAX (away_ns, unwritten_ns + REGIA_SHOW_STEP_NS));
  return TRUE;
}

gint64
regia_show_last_written (const char *recordings_dir, const char *session)
{
  g_autofree char *live = g_build_filename (recordings_dir, session, "live", NULL);
  g_autoptr (GDir) dir = g_dir_open (live, 0, NULL);
  gint64 newest_ns = 0;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (live, name, NULL);
    struct stat st;

    if (lstat (path, &st) == 0 && S_ISREG (st.st_mode))
      newest_ns = MAX (newest_ns, st.st_mtim.tv_sec * REGIA_SECOND + st.st_mtim.tv_nsec);
  }
  return newest_ns;
}

RegiaStart
regia_show_decide (const RegiaShow *old, const RegiaStartWish *wish, gint64 idle_s)
{
  if (old == NULL || wish->fresh || !g_str_equal (old->event_id, wish->event_id))
    return REGIA_START_NEW;
  if (old->state == REGIA_SHOW_REHEARSAL)
    return idle_s < REGIA_SHOW_RESUME_LIMIT_S ? REGIA_START_REHEARSE : REGIA_START_NEW;
  if (wish->again)
    return REGIA_START_GO_ON;
  switch (old->state) {
  case REGIA_SHOW_STANDBY:
    return REGIA_START_NEW;
  case REGIA_SHOW_ON_AIR:
    return idle_s < REGIA_SHOW_RESUME_LIMIT_S ? REGIA_START_GO_ON : REGIA_START_NEW;
  case REGIA_SHOW_ENDING:
    return old->left && !wish->by_service ? REGIA_START_NEW : REGIA_START_FINISH;
  case REGIA_SHOW_ENDED:
    return old->left && !wish->by_service ? REGIA_START_NEW : REGIA_START_SERVE;
  case REGIA_SHOW_REHEARSAL:
    break;
  }
  g_return_val_if_reached (REGIA_START_NEW);
}

RegiaStart
regia_show_decide_service (const RegiaShow *old, gint64 idle_s)
{
  switch (old != NULL ? old->state : REGIA_SHOW_STANDBY) {
  case REGIA_SHOW_ON_AIR:
    return idle_s < REGIA_SHOW_RESUME_LIMIT_S ? REGIA_START_GO_ON : REGIA_START_FINISH;
  case REGIA_SHOW_ENDING:
    return REGIA_START_FINISH;
  case REGIA_SHOW_REHEARSAL:
    return idle_s < REGIA_SHOW_RESUME_LIMIT_S ? REGIA_START_REHEARSE : REGIA_START_STAND_BY;
  case REGIA_SHOW_STANDBY:
  case REGIA_SHOW_ENDED:
    return REGIA_START_STAND_BY;
  }
  g_return_val_if_reached (REGIA_START_STAND_BY);
}

char *
regia_show_new_id (void)
{
  return g_strdup_printf ("%08x", g_random_int ());
}

char *
regia_show_new_session (const char *recordings_dir, const char *event_id)
{
  for (guint n = 1;; n++) {
    g_autofree char *name = n == 1 ? g_strdup (event_id) : g_strdup_printf ("%s-%u", event_id, n);
    g_autofree char *path = g_build_filename (recordings_dir, name, NULL);

    /* A link that leads nowhere is in the way as well. */
    if (!g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      return g_steal_pointer (&name);
  }
}
