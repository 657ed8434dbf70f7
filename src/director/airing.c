/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "airing-private.h"

#include <string.h>
#include <systemd/sd-daemon.h>

#include "director-private.h"
#include "exchange-private.h"
#include "regia/base/error.h"
#include "regia/config/scene.h"

/*
 * What is rehearsed goes on the air: a session is chosen, on a thread, because its disk is asked; show.json
 * says that it is on the air; then it takes effect and is answered. Until it is written nothing has happened,
 * and an end undoes it.
 *
 * The engine goes on as it is, and so does show time. Nobody but the house has had its feed, and the feed
 * keeps what was rehearsed from everybody else as long as it holds it.
 */
struct _RegiaAiring {
  char *who;                      /* (owned) */
  RegiaControlCommandedFunc done; /* (nullable) */
  gpointer data;
  GCancellable *cancellable; /* (owned) */
  gboolean saving;           /* show says that it is on the air, the disk does not yet */
};

static void
airing_free (RegiaAiring *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_free (self->who);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAiring, airing_free)

static void
refuse (RegiaDirector *director, const GError *error)
{
  g_autoptr (RegiaAiring) self = g_steal_pointer (&director->airing);

  if (self->saving) {
    director->show.state = REGIA_SHOW_REHEARSAL;
    director->show.aired_ns = 0;
    g_free (director->show.session);
    director->show.session = g_strdup ("");
    regia_show_file_save_later (director->show_file);
  }
  g_warning ("%s does not go on the air: %s", director->show.event_id, error->message);
  if (self->done != NULL)
    self->done (NULL, error, self->data);
}

void
regia_airing_cancel (RegiaDirector *director, const char *why)
{
  g_autoptr (GError) error = g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, why);

  if (director->airing != NULL)
    refuse (director, error);
}

gboolean
regia_airing_is_saving (RegiaDirector *director)
{
  return director->airing != NULL && director->airing->saving;
}

static void
answer (RegiaDirector *director, RegiaAiring *self)
{
  const RegiaShow *show = &director->show;
  g_autofree char *what = g_strdup_printf ("start %s", show->event_id);
  g_autoptr (GVariant) result = NULL;
  GVariantDict dict;

  regia_commands_log (director->commands, self->who, what);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", show->event_id);
  g_variant_dict_insert (&dict, "name", "s", director->values->name);
  g_variant_dict_insert (&dict, "session", "s", show->session);
  g_variant_dict_insert (&dict, "continued", "b", FALSE);
  g_variant_dict_insert (&dict, "aired-ms", "t", (guint64)(show->aired_ns / REGIA_MSECOND));
  result = g_variant_ref_sink (g_variant_dict_end (&dict));
  if (self->done != NULL)
    self->done (result, NULL, self->data);
}

static void
saved_cb (const GError *error, gpointer user_data)
{
  RegiaDirector *director = user_data;
  g_autoptr (RegiaAiring) self = NULL;

  if (!regia_airing_is_saving (director))
    return; /* an end came first */
  if (error != NULL) {
    g_autoptr (GError) refusal = g_error_new (
        error->domain, error->code, "it could not be kept, so nothing was started: %s", error->message);
    refuse (director, refusal);
    return;
  }
  self = g_steal_pointer (&director->airing);
  g_message ("the rehearsal is over; %s is on the air, session %s", director->show.config_path,
             director->show.session);
  director->rehearsing = FALSE;
  regia_readers_set_rehearsal (director->readers, FALSE);
  /* The engine first: who is handed its feed after that finds the rehearsal withheld, or over. */
  regia_director_put_into_effect (director, director->desired);
  regia_readers_match (director->readers);
  if (director->ready)
    sd_notify (0, "STATUS=On air");
  answer (director, self);
}

/* At the last moment at which it can be taken back. */
static void
save (RegiaDirector *director, char *session)
{
  RegiaShow *show = &director->show;
  gint64 now_ns = MAX (regia_epoch_show_time (&show->epoch), 0);
  const char *not_bars = g_strv_contains ((const char *const *)director->values->look_slates, "bars")
                             ? regia_scenes_first_name (director->values)
                             : NULL;
  RegiaDesired *kept = regia_desired_go_on_air (show->desired, (guint64)(now_ns / REGIA_MSECOND), not_bars);
  RegiaDesired *in_effect =
      director->desired == show->desired
          ? regia_desired_ref (kept)
          : regia_desired_go_on_air (director->desired, (guint64)(now_ns / REGIA_MSECOND), not_bars);

  regia_desired_unref (show->desired);
  show->desired = kept;
  regia_desired_unref (director->desired);
  director->desired = in_effect;
  g_free (show->session);
  show->session = session;
  show->aired_ns = now_ns;
  show->state = REGIA_SHOW_ON_AIR;
  regia_show_forget_ended (show);
  director->airing->saving = TRUE;
  regia_show_file_save_then (director->show_file, saved_cb, director);
}

static void
choose_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  char **names = task_data;

  g_task_return_pointer (task, regia_show_new_session (names[0], names[1]), g_free);
}

static void
chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  char *session = g_task_propagate_pointer (G_TASK (result), NULL);

  if (session != NULL) /* else it was cancelled, and the director may be gone */
    save (user_data, session);
}

/* As `regia events` names it. */
static gboolean
is_called (const RegiaShow *show, const char *name)
{
  g_autofree char *base = g_path_get_basename (show->config_path);
  const char *dot = strrchr (base, '.');
  g_autofree char *bare = g_strndup (base, dot != NULL ? (gsize)(dot - base) : strlen (base));

  return g_str_equal (show->event_id, name) || g_str_equal (show->config_path, name) ||
         g_str_equal (base, name) || g_str_equal (bare, name);
}

/* (transfer full) (nullable): why it may not begin. */
static GError *
object (RegiaDirector *director, const char *name, gboolean again)
{
  const RegiaShow *show = &director->show;

  if (director->quit || director->leaving)
    return g_error_new_literal (REGIA_ERROR, REGIA_ERROR_STATE, "Regia is about to end");
  if (director->airing != NULL)
    return g_error_new (REGIA_ERROR, REGIA_ERROR_STATE, "%s is just being started", show->event_id);
  if (!is_called (show, name))
    return g_error_new (
        REGIA_ERROR, REGIA_ERROR_STATE,
        "\"%s\" is being rehearsed; `regia start %s` puts it on the air, `regia stop` ends the "
        "rehearsal",
        director->values->name, show->event_id);
  if (!again && show->ended != NULL && g_strv_contains ((const char *const *)show->ended, show->event_id))
    return g_error_new (REGIA_ERROR, REGIA_ERROR_STATE,
                        "%s was on and was ended; `regia start %s --again` puts it on the air again",
                        director->values->name, show->event_id);
  return NULL;
}

gboolean
regia_airing_start (RegiaDirector *director, const char *name, gboolean again, const char *who,
                    RegiaControlCommandedFunc done, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;
  RegiaAiring *self;
  char **names;

  if (!director->rehearsing || director->show.state == REGIA_SHOW_STANDBY ||
      regia_service_is_changing (director->service))
    return FALSE;
  error = object (director, name, again);
  if (error != NULL) {
    if (done != NULL)
      done (NULL, error, data);
    return TRUE;
  }
  self = director->airing = g_new0 (RegiaAiring, 1);
  self->who = g_strdup (who);
  self->done = done;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  names = g_new0 (char *, 3);
  names[0] = g_strdup (director->recordings_dir);
  names[1] = g_strdup (director->show.event_id);
  task = g_task_new (NULL, self->cancellable, chosen_cb, director);
  g_task_set_check_cancellable (task, TRUE);
  g_task_set_task_data (task, names, (GDestroyNotify)g_strfreev);
  g_task_run_in_thread (task, choose_thread);
  return TRUE;
}
