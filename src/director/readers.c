/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "readers-private.h"

#include <errno.h>
#include <sys/socket.h>

typedef struct {
  RegiaProcess *process;          /* (unowned) */
  const char *rights;             /* static */
  guint64 engine_run, reader_run; /* of the two that were last given a pair */
} Reader;

/*
 * RegiaReaders: a pair belongs to one run of the engine and one run of the reader; when either number has
 * changed, both are there and can be called, a new one is made. Nothing is kept here of the pairs themselves.
 */
struct _RegiaReaders {
  RegiaProcess *engine; /* (unowned) (nullable) */
  GArray *readers;      /* (owned) (element-type Reader) */
  gboolean is_rehearsal;
  guint64 opened; /* how many were let in that are no processes of ours */
};

RegiaReaders *
regia_readers_new (void)
{
  RegiaReaders *self = g_new0 (RegiaReaders, 1);

  self->readers = g_array_new (FALSE, FALSE, sizeof (Reader));
  return self;
}

void
regia_readers_free (RegiaReaders *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->readers);
  g_free (self);
}

void
regia_readers_set_engine (RegiaReaders *self, RegiaProcess *engine)
{
  self->engine = engine;
}

void
regia_readers_add (RegiaReaders *self, RegiaProcess *reader, const char *rights)
{
  const Reader entry = {.process = reader, .rights = rights};

  g_array_append_val (self->readers, entry);
}

void
regia_readers_set_rehearsal (RegiaReaders *self, gboolean is_rehearsal)
{
  self->is_rehearsal = is_rehearsal;
}

static guint64
get_engine_run (RegiaReaders *self)
{
  return self->engine != NULL ? regia_process_get_run (self->engine) : 0;
}

/* The engine gets its end first: a reader is never given one that nobody was offered. Returns: the reader's.
 */
static int
let_in (RegiaReaders *self, const char *name, const char *rights)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return -1;
  regia_process_add_reader (self->engine, ends[0], name, rights);
  return ends[1];
}

void
regia_readers_match (RegiaReaders *self)
{
  guint64 engine_run = get_engine_run (self);

  for (guint i = 0; engine_run != 0 && i < self->readers->len; i++) {
    Reader *reader = &g_array_index (self->readers, Reader, i);
    guint64 reader_run = regia_process_get_run (reader->process);
    int fd;

    if (self->is_rehearsal && !g_str_equal (reader->rights, REGIA_READERS_HOUSE))
      continue;
    if (reader_run == 0 || (reader->engine_run == engine_run && reader->reader_run == reader_run))
      continue;
    fd = let_in (self, regia_process_get_name (reader->process), reader->rights);
    if (fd < 0) {
      g_warning ("no socket pair for %s: %s", regia_process_get_name (reader->process), g_strerror (errno));
      continue; /* with the next change */
    }
    regia_process_use_feed (reader->process, fd);
    reader->engine_run = engine_run;
    reader->reader_run = reader_run;
  }
}

int
regia_readers_open (RegiaReaders *self, GError **error)
{
  g_autofree char *name = NULL;
  int fd;

  if (get_engine_run (self) == 0) {
    g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED, "no engine runs at present");
    return -1;
  }
  name = g_strdup_printf ("tap %" G_GUINT64_FORMAT, ++self->opened);
  fd = let_in (self, name, REGIA_READERS_HOUSE);
  if (fd < 0)
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED, "no socket pair: %s", g_strerror (errno));
  return fd;
}
