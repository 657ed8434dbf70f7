/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "arena-private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "regia/base/error.h"

#define SMALLEST_BYTES (64 * 1024)

/*
 * A body's pages are its own. When its last reference goes they are taken out of the file (MADV_REMOVE), not
 * written over: what a socket still holds of them keeps its content, and the place gets new ones. Each body
 * holds a reference on the arena.
 */
struct _RegiaArena {
  gatomicrefcount ref_count;
  int fd;
  char *memory; /* mapped */
  gsize bytes, page;
  GMutex lock;    /* guards what follows */
  GArray *places; /* (owned) (element-type Place) in use, by offset */
};

typedef struct {
  gsize offset, bytes; /* whole pages */
} Place;

typedef struct {
  RegiaArena *arena; /* (owned) */
  gsize offset;
} Body;

RegiaArena *
regia_arena_new (gsize bytes, GError **error)
{
  g_autoptr (RegiaArena) self = g_new0 (RegiaArena, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->places = g_array_new (FALSE, FALSE, sizeof (Place));
  self->page = (gsize)sysconf (_SC_PAGESIZE);
  self->fd = memfd_create ("bodies", MFD_CLOEXEC);
  if (self->fd < 0 || ftruncate (self->fd, (off_t)bytes) < 0) {
    regia_error_set_errno (error, errno, "memory for what is served");
    return NULL;
  }
  self->memory = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, self->fd, 0);
  if (self->memory == MAP_FAILED) {
    self->memory = NULL;
    regia_error_set_errno (error, errno, "memory for what is served");
    return NULL;
  }
  self->bytes = bytes;
  return g_steal_pointer (&self);
}

RegiaArena *
regia_arena_ref (RegiaArena *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_arena_unref (RegiaArena *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->memory != NULL)
    munmap (self->memory, self->bytes);
  if (self->fd >= 0)
    close (self->fd);
  g_array_unref (self->places);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The first gap that is large enough; FALSE: there is none. */
static gboolean
take_place (RegiaArena *self, gsize bytes, gsize *ret_offset)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gsize from = 0;
  guint i;

  for (i = 0; i < self->places->len; i++) {
    const Place *place = &g_array_index (self->places, Place, i);
    if (place->offset - from >= bytes)
      break;
    from = place->offset + place->bytes;
  }
  if (self->bytes - from < bytes)
    return FALSE;
  g_array_insert_val (self->places, i, ((Place){from, bytes}));
  *ret_offset = from;
  return TRUE;
}

static void
body_free (gpointer data)
{
  Body *body = data;
  RegiaArena *self = body->arena;
  gsize bytes = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->places->len && bytes == 0; i++) {
    const Place *place = &g_array_index (self->places, Place, i);
    if (place->offset != body->offset)
      continue;
    bytes = place->bytes;
    /* Before the place is anybody else's. */
    if (madvise (self->memory + place->offset, place->bytes, MADV_REMOVE) < 0)
      g_critical ("madvise: %s", g_strerror (errno)); /* the place is lost rather than written over */
    else
      g_array_remove_index (self->places, i);
  }
  g_mutex_unlock (&self->lock);
  regia_arena_unref (self);
  g_free (body);
}

GBytes *
regia_arena_keep (RegiaArena *self, GBytes *bytes)
{
  gsize length = 0, offset;
  gconstpointer data = g_bytes_get_data (bytes, &length);
  gsize room = (length + self->page - 1) / self->page * self->page;
  Body *body;

  if (length < SMALLEST_BYTES || !take_place (self, room, &offset))
    return g_bytes_ref (bytes);
  memcpy (self->memory + offset, data, length);
  body = g_new (Body, 1);
  *body = (Body){regia_arena_ref (self), offset};
  return g_bytes_new_with_free_func (self->memory + offset, length, body_free, body);
}

int
regia_arena_find (RegiaArena *self, GBytes *bytes, guint64 *ret_offset)
{
  const char *data = g_bytes_get_data (bytes, NULL);

  if (data == NULL || data < self->memory || data >= self->memory + self->bytes)
    return -1;
  *ret_offset = (guint64)(data - self->memory);
  return self->fd;
}
