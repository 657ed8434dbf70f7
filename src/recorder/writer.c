/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "writer-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/mux/fmp4.h"

#define FRAGMENT_NS    REGIA_SECOND
#define FRAGMENT_BYTES (4u << 20)
#define NUMBER_MAX     9999

/*
 * RegiaWriter lives as long as a recording; parts come and go in it. The rules that make a power cut
 * harmless: a part's name and header are on the disk before its first fragment; a fragment is written in one
 * piece and synced before anything else; a file on which a sync failed is never synced or written again; a
 * file that is there is never opened again for writing. And one that makes it harmless when somebody removes
 * or moves files, or mounts a disk over them: a fragment counts as written when the part's name leads to it.
 */
struct _RegiaWriter {
  const RegiaDisk *disk;
  char *folder;   /* (owned) */
  RegiaFmp4 *mux; /* (owned) (nullable): a part is open */
  int fd;
  char *path; /* (owned) (nullable) */
  GPtrArray
      *unsaved; /* (owned) (element-type RegiaPacket) the fragment being made, or what a failing disk left */
  gint64 unsaved_since_us;
  gint64 fragment_from_ns;
  gsize fragment_bytes;
  gboolean nameless; /* names and files do not go together on this file system */
  char *displaced;   /* (owned) (nullable) */
  RegiaWriterStats stats;
};

RegiaWriter *
regia_writer_new (const RegiaDisk *disk, const char *folder)
{
  RegiaWriter *self = g_new0 (RegiaWriter, 1);

  self->disk = disk;
  self->folder = g_strdup (folder);
  self->fd = -1;
  self->unsaved = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  return self;
}

static void
close_part (RegiaWriter *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  g_clear_pointer (&self->mux, regia_fmp4_free);
  g_clear_pointer (&self->path, g_free);
}

void
regia_writer_free (RegiaWriter *self)
{
  if (self == NULL)
    return;
  close_part (self);
  g_ptr_array_unref (self->unsaved);
  g_free (self->displaced);
  g_free (self->folder);
  g_free (self);
}

/* A name nobody has. */
static gboolean
create_file (RegiaWriter *self, guint *number, GError **error)
{
  for (; *number <= NUMBER_MAX; (*number)++) {
    g_free (self->path);
    self->path = g_strdup_printf ("%s/programme-%04u.mp4", self->folder, *number);
    self->fd = self->disk->create (self->disk, self->path);
    if (self->fd >= 0)
      return TRUE;
    if (errno != EEXIST)
      return regia_error_set_errno (error, errno, "%s: cannot begin a part of the recording", self->path);
  }
  return regia_error_set_errno (error, EEXIST, "%s: there are too many parts", self->folder);
}

static RegiaPlace
find_place (RegiaWriter *self)
{
  RegiaPlace place = self->disk->find_place (self->disk, self->fd, self->path);

  /* Where a new file already seems to be another one, that there is a file must do. */
  if (place == REGIA_PLACE_ELSEWHERE && self->nameless && g_file_test (self->path, G_FILE_TEST_EXISTS))
    return REGIA_PLACE_KEPT;
  return place;
}

static gboolean
write_header (RegiaWriter *self, GError **error)
{
  GBytes *header = regia_fmp4_get_header (self->mux);
  gsize size;
  const void *data = g_bytes_get_data (header, &size);

  if (!self->disk->write (self->disk, self->fd, data, size) || !self->disk->sync (self->disk, self->fd))
    return regia_error_set_errno (error, errno, "%s: cannot begin a part of the recording", self->path);
  self->stats.bytes = size;
  self->stats.total_bytes += size;
  return regia_file_sync_folder (self->folder, error);
}

gboolean
regia_writer_begin (RegiaWriter *self, guint number, GPtrArray *tracks, guint *ret_number, GError **error)
{
  g_return_val_if_fail (self->mux == NULL, FALSE);

  self->mux = regia_fmp4_new (tracks, error);
  if (self->mux == NULL)
    return FALSE;
  self->nameless = FALSE;
  g_clear_pointer (&self->displaced, g_free);
  self->stats.bytes = 0;
  self->stats.fragments = 0;
  self->stats.from_ns = self->stats.to_ns = 0;
  if (!create_file (self, &number, error)) {
    close_part (self);
    return FALSE;
  }
  if (!write_header (self, error)) {
    /* Nothing of value is in it. */
    if (unlink (self->path) != 0)
      g_debug ("%s: %s", self->path, g_strerror (errno));
    close_part (self);
    return FALSE;
  }
  self->nameless = find_place (self) == REGIA_PLACE_ELSEWHERE;
  *ret_number = number;
  return TRUE;
}

gboolean
regia_writer_is_open (RegiaWriter *self)
{
  return self->mux != NULL;
}

/* The disk refused a fragment: the file ends with its last whole one, and is not touched again. */
static gboolean
abandon (RegiaWriter *self, int code, const char *what, GError **error)
{
  if (ftruncate (self->fd, (off_t)self->stats.bytes) != 0)
    g_debug ("%s: %s", self->path, g_strerror (errno));
  regia_error_set_errno (error, code, "%s: %s", self->path, what);
  close_part (self);
  return FALSE;
}

/* Written, but nobody will find it. The file is left as it is: moved away, it is whole. */
static gboolean
lose_part (RegiaWriter *self, RegiaPlace place, GError **error)
{
  self->displaced = regia_place_in_words (place, self->fd, self->path);
  g_set_error (error, REGIA_ERROR, REGIA_ERROR_UNAVAILABLE, "%s %s", self->path, self->displaced);
  close_part (self);
  return FALSE;
}

static gboolean
write_fragment (RegiaWriter *self, GBytes *fragment, GError **error)
{
  gint64 begun_us = g_get_monotonic_time ();
  RegiaPlace place;
  gsize size;
  const void *data = g_bytes_get_data (fragment, &size);

  if (!self->disk->write (self->disk, self->fd, data, size))
    return abandon (self, errno, "cannot write", error);
  if (!self->disk->sync (self->disk, self->fd))
    return abandon (self, errno, "what was written did not reach the disk", error);
  place = find_place (self);
  if (place != REGIA_PLACE_KEPT)
    return lose_part (self, place, error);
  self->stats.bytes += size;
  self->stats.total_bytes += size;
  self->stats.fragments++;
  self->stats.on_disk_at_us = g_get_monotonic_time ();
  self->stats.sync_us = self->stats.on_disk_at_us - begun_us;
  return TRUE;
}

static void
note_saved (RegiaWriter *self)
{
  for (guint i = 0; i < self->unsaved->len; i++) {
    const RegiaPacket *packet = g_ptr_array_index (self->unsaved, i);

    if (self->stats.to_ns == 0)
      self->stats.from_ns = packet->dts_ns;
    self->stats.to_ns = MAX (self->stats.to_ns, packet->dts_ns + packet->duration_ns);
  }
  self->stats.on_disk_ns = MAX (self->stats.on_disk_ns, self->stats.to_ns);
  g_ptr_array_set_size (self->unsaved, 0);
}

gboolean
regia_writer_flush (RegiaWriter *self, GError **error)
{
  g_autoptr (GBytes) fragment = NULL;
  g_autoptr (GError) local_error = NULL;

  if (self->mux == NULL || self->unsaved->len == 0)
    return TRUE;
  fragment = regia_fmp4_flush (self->mux, &local_error);
  if (local_error != NULL) {
    close_part (self);
    g_propagate_error (error, g_steal_pointer (&local_error));
    return FALSE;
  }
  if (fragment != NULL && !write_fragment (self, fragment, error))
    return FALSE;
  note_saved (self);
  return TRUE;
}

static gboolean
is_due (RegiaWriter *self, const RegiaPacket *packet)
{
  return self->unsaved->len > 0 &&
         (packet->dts_ns >= self->fragment_from_ns + FRAGMENT_NS ||
          self->fragment_bytes + g_bytes_get_size (packet->payload) > FRAGMENT_BYTES);
}

gboolean
regia_writer_add (RegiaWriter *self, RegiaPacket *packet, GError **error)
{
  g_return_val_if_fail (self->mux != NULL, FALSE);

  if (is_due (self, packet) && !regia_writer_flush (self, error)) {
    g_ptr_array_add (self->unsaved, regia_packet_ref (packet));
    return FALSE;
  }
  if (!regia_fmp4_write (self->mux, packet, error))
    return FALSE;
  if (self->unsaved->len == 0) {
    self->fragment_from_ns = packet->dts_ns;
    self->fragment_bytes = 0;
    self->unsaved_since_us = g_get_monotonic_time ();
  }
  self->fragment_bytes += g_bytes_get_size (packet->payload);
  g_ptr_array_add (self->unsaved, regia_packet_ref (packet));
  return TRUE;
}

gboolean
regia_writer_end (RegiaWriter *self, GError **error)
{
  gboolean ok = regia_writer_flush (self, error);

  if (ok && self->mux != NULL) {
    RegiaPlace place = find_place (self);

    ok = place == REGIA_PLACE_KEPT || lose_part (self, place, error);
  }
  close_part (self);
  return ok;
}

const char *
regia_writer_get_displaced (RegiaWriter *self)
{
  return self->displaced;
}

GPtrArray *
regia_writer_take_unsaved (RegiaWriter *self)
{
  GPtrArray *unsaved = self->unsaved;

  self->unsaved = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_packet_unref);
  return unsaved;
}

gint64
regia_writer_has_unsaved (RegiaWriter *self)
{
  return self->unsaved->len > 0 ? self->unsaved_since_us : 0;
}

void
regia_writer_get_stats (RegiaWriter *self, RegiaWriterStats *ret_stats)
{
  *ret_stats = self->stats;
}
