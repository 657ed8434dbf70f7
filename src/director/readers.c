/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "readers-private.h"

#include <errno.h>
#include <sys/socket.h>

#include "regia/base/backoff.h"

typedef struct {
  RegiaProcess *process;          /* (unowned) */
  const char *rights;             /* static */
  guint64 engine_run, reader_run; /* of the two that were last given a pair */
  char *refusal;                  /* (owned) (nullable): why the engine has not let it in */
  RegiaBackoff backoff;           /* after a refusal */
  gint64 retry_us;                /* not before; 0: at once */
} Reader;

/*
 * RegiaReaders: a pair belongs to one run of the engine and one run of the reader; when either number has
 * changed, both are there and can be called, a new one is made; so it is when the engine has refused. Nothing
 * is kept here of the pairs themselves.
 */
struct _RegiaReaders {
  RegiaProcess *engine; /* (unowned) (nullable) */
  GArray *readers;      /* (owned) (element-type Reader) */
  gboolean is_rehearsal;
  guint retry_source;
  guint64 opened; /* how many were let in that are no processes of ours */
};

static void
reader_clear (gpointer data)
{
  g_free (((Reader *)data)->refusal);
}

RegiaReaders *
regia_readers_new (void)
{
  RegiaReaders *self = g_new0 (RegiaReaders, 1);

  self->readers = g_array_new (FALSE, FALSE, sizeof (Reader));
  g_array_set_clear_func (self->readers, reader_clear);
  return self;
}

void
regia_readers_free (RegiaReaders *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->retry_source, g_source_remove);
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
  const Reader entry = {
      .process = reader, .rights = rights, .backoff = {.first_ms = 200, .max_ms = 5000, .reset_ms = 10000}};

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

static gboolean
retry_cb (gpointer user_data)
{
  RegiaReaders *self = user_data;

  self->retry_source = 0;
  regia_readers_match (self);
  return G_SOURCE_REMOVE;
}

/* What was handed to the reader has no other end: it waits for another. */
static void
refused (RegiaReaders *self, Reader *reader, const char *why)
{
  guint delay_ms = regia_backoff_failed (&reader->backoff, 0, g_random_double ());

  if (g_strcmp0 (reader->refusal, why) != 0)
    g_warning ("the engine does not let %s in: %s", regia_process_get_name (reader->process), why);
  g_free (reader->refusal);
  reader->refusal = g_strdup (why);
  reader->engine_run = 0;
  reader->retry_us = g_get_monotonic_time () + (gint64)delay_ms * 1000;
  g_clear_handle_id (&self->retry_source, g_source_remove);
  self->retry_source = g_timeout_add (delay_ms + 1, retry_cb, self);
}

static void
added_cb (const char *name, const char *why, gpointer user_data)
{
  RegiaReaders *self = user_data;

  for (guint i = 0; i < self->readers->len; i++) {
    Reader *reader = &g_array_index (self->readers, Reader, i);

    if (!g_str_equal (regia_process_get_name (reader->process), name))
      continue;
    if (why != NULL) {
      refused (self, reader, why);
      return;
    }
    if (reader->refusal != NULL)
      g_message ("%s is let in by the engine", name);
    g_clear_pointer (&reader->refusal, g_free);
    reader->retry_us = 0;
    return;
  }
}

/* The engine gets its end first: a reader is never given one that nobody was offered. Returns: the reader's.
 */
static int
let_in (RegiaReaders *self, const char *name, const char *rights)
{
  int ends[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return -1;
  regia_process_add_reader (self->engine, ends[0], name, rights, added_cb, self);
  return ends[1];
}

void
regia_readers_match (RegiaReaders *self)
{
  guint64 engine_run = get_engine_run (self);
  gint64 now_us = g_get_monotonic_time ();

  for (guint i = 0; engine_run != 0 && i < self->readers->len; i++) {
    Reader *reader = &g_array_index (self->readers, Reader, i);
    guint64 reader_run = regia_process_get_run (reader->process);
    int fd;

    if (self->is_rehearsal && !g_str_equal (reader->rights, REGIA_READERS_HOUSE))
      continue;
    if (reader->retry_us > now_us) {
      if (self->retry_source == 0)
        self->retry_source = g_timeout_add ((guint)((reader->retry_us - now_us) / 1000) + 1, retry_cb, self);
      continue;
    }
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

void
regia_readers_warn (RegiaReaders *self, GPtrArray *warnings)
{
  for (guint i = 0; i < self->readers->len; i++) {
    const Reader *reader = &g_array_index (self->readers, Reader, i);

    if (reader->refusal != NULL)
      g_ptr_array_add (
          warnings,
          g_strdup_printf ("The %s has no programme: the engine does not let it in (%s); it is tried again",
                           regia_process_get_name (reader->process), reader->refusal));
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
