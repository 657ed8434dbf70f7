/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "show-file-private.h"

struct _RegiaShowFile {
  RegiaKept *kept; /* (owned) */
  RegiaShow *show;
  char *path; /* (owned) */
};

static char *
text_cb (gpointer user_data)
{
  RegiaShowFile *self = user_data;
  RegiaShowNow now;

  regia_show_now (&now);
  regia_show_note_reached (self->show, &now);
  return regia_show_to_json (self->show);
}

RegiaShowFile *
regia_show_file_new (const char *path, RegiaShow *show)
{
  RegiaShowFile *self = g_new0 (RegiaShowFile, 1);

  self->show = show;
  self->path = g_strdup (path);
  self->kept = regia_kept_new (
      path, "the show's state cannot be kept; after a crash this show would go on as it was", text_cb, self);
  return self;
}

void
regia_show_file_free (RegiaShowFile *self)
{
  if (self == NULL)
    return;
  regia_kept_free (self->kept);
  g_free (self->path);
  g_free (self);
}

gboolean
regia_show_file_save (RegiaShowFile *self, GError **error)
{
  return regia_kept_save (self->kept, error);
}

void
regia_show_file_save_later (RegiaShowFile *self)
{
  regia_kept_save_later (self->kept);
}

void
regia_show_file_save_then (RegiaShowFile *self, RegiaKeptSavedFunc saved, gpointer user_data)
{
  regia_kept_save_then (self->kept, saved, user_data);
}

void
regia_show_file_save_at_last (RegiaShowFile *self)
{
  g_autoptr (GError) error = NULL;

  if (!regia_kept_settle (self->kept))
    g_warning ("%s: the disk does not answer; the next start may go on with this show", self->path);
  else if (!regia_kept_save (self->kept, &error))
    g_warning ("%s; the next start may go on with this show, `regia run --new` begins another",
               error->message);
}

void
regia_show_file_warn (RegiaShowFile *self, GPtrArray *warnings)
{
  regia_kept_warn (self->kept, "The show's state cannot be kept",
                   "The event goes on; make the folder writable before this computer is restarted", warnings);
}
