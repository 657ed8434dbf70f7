/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-recorder"

#include "regia/recorder/library.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "regia/base/clock.h"
#include "regia/base/error.h"
#include "regia/base/fields.h"
#include "regia/base/file.h"
#include "regia/base/json.h"
#include "session-private.h"

/*
 * RegiaLibrary belongs to the gateway, which faces strangers: it holds nothing but a descriptor of the
 * recordings folder and reads what lies beneath it. It never follows a symbolic link, never leaves the
 * folder, opens only regular files, and takes no name that is not a plain one.
 *
 * A listing is made at most once a second and shared as one immutable array. session.json is parsed again
 * only when it changed; what changes without it (the size of a recording that runs) is asked of the file
 * system.
 *
 * A session with a private span in it is not for the public: it is neither listed nor opened, whenever the
 * span came. Its record says so, and private.json beside it whatever became of the record; one that cannot be
 * read any more opens nothing.
 *
 * Whether a session is being worked on is asked of the kernel: the recorder holds locks on the folder of each
 * session that it writes or finishes, and a crash lets them go (store.c).
 */

#define LIST_AGE_US        G_USEC_PER_SEC
#define SESSION_FILE_BYTES (4u << 20)
#define SESSIONS_MAX       10000

typedef struct {
  struct timespec modified;
  off_t size;
  ino_t inode;
  RegiaSession *session; /* (owned) (nullable): not readable */
  char *newer;           /* (owned) (nullable): what to say of it when a later version of Regia wrote it */
} Cached;

struct _RegiaLibrary {
  int folder_fd;      /* not owned */
  GMutex lock;        /* a leaf; guards what follows */
  GHashTable *cached; /* (owned) (element-type utf8 Cached) by id */
  GPtrArray *items;   /* (owned) (nullable) (element-type RegiaLibraryItem) the last listing */
  gint64 listed_us;   /* monotonic */
};

static void
cached_free (Cached *self)
{
  g_clear_pointer (&self->session, regia_session_free);
  g_free (self->newer);
  g_free (self);
}

static const RegiaField file_fields[] = {
    REGIA_FIELD_STRING (RegiaLibraryFile, name, "name"),
    REGIA_FIELD_STRING (RegiaLibraryFile, content_type, "content-type"),
    REGIA_FIELD_UINT64 (RegiaLibraryFile, size_bytes, "size-bytes"),
    REGIA_FIELD_STRING (RegiaLibraryFile, sha256, "sha256"),
    REGIA_FIELD_INT64 (RegiaLibraryFile, duration_ms, "duration-ms"),
    {NULL},
};

static const RegiaField item_fields[] = {
    REGIA_FIELD_STRING (RegiaLibraryItem, id, "id"),
    REGIA_FIELD_STRING (RegiaLibraryItem, title, "title"),
    REGIA_FIELD_STRING (RegiaLibraryItem, place, "place"),
    REGIA_FIELD_STRING (RegiaLibraryItem, state, "state"),
    REGIA_FIELD_STRING (RegiaLibraryItem, message, "message"),
    REGIA_FIELD_INT64 (RegiaLibraryItem, duration_ms, "duration-ms"),
    REGIA_FIELD_UINT64 (RegiaLibraryItem, size_bytes, "size-bytes"),
    REGIA_FIELD_UINT (RegiaLibraryItem, gaps, "gaps"),
    REGIA_FIELD_INT64 (RegiaLibraryItem, gap_ms, "gap-ms"),
    {NULL},
};

static void
file_free (RegiaLibraryFile *self)
{
  regia_fields_clear (file_fields, self);
  g_free (self);
}

RegiaLibraryItem *
regia_library_item_ref (RegiaLibraryItem *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
regia_library_item_unref (RegiaLibraryItem *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->ref_count))
    return;
  regia_fields_clear (item_fields, self);
  g_ptr_array_unref (self->files);
  g_free (self);
}

RegiaLibrary *
regia_library_new (int folder_fd)
{
  RegiaLibrary *self = g_new0 (RegiaLibrary, 1);

  self->folder_fd = folder_fd;
  g_mutex_init (&self->lock);
  self->cached = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)cached_free);
  return self;
}

void
regia_library_free (RegiaLibrary *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->cached);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* --- opening beneath the folder --- */

/* @path has at most one folder in it (ID/NAME). Without openat2 (Linux before 5.6) each step refuses links by
 * itself, and names were checked for dots before. */
static int
open_beneath (int folder_fd, const char *path, int flags)
{
  struct open_how how = {
      .flags = (guint64)(flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  int fd = (int)syscall (SYS_openat2, folder_fd, path, &how, sizeof how);
  const char *slash = strchr (path, '/');
  g_autofree char *first = NULL;
  int folder;

  if (fd >= 0 || errno != ENOSYS)
    return fd;
  if (slash == NULL)
    return openat (folder_fd, path, (int)how.flags | O_NOFOLLOW);
  first = g_strndup (path, (gsize)(slash - path));
  folder = openat (folder_fd, first, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (folder < 0)
    return -1;
  fd = openat (folder, slash + 1, (int)how.flags | O_NOFOLLOW);
  close (folder);
  return fd;
}

/* A regular file, or −1 with errno. */
static int
open_regular (int folder_fd, const char *path, struct stat *ret_stat)
{
  int fd = open_beneath (folder_fd, path, 0);

  if (fd < 0)
    return -1;
  if (fstat (fd, ret_stat) == 0 && S_ISREG (ret_stat->st_mode))
    return fd;
  close (fd);
  errno = EACCES;
  return -1;
}

/* --- one session --- */

static char *
read_whole (int fd, gsize size)
{
  g_autofree char *text = g_malloc (size + 1);
  gsize done = 0;

  while (done < size) {
    ssize_t n = read (fd, text + done, size - done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return NULL;
    done += (gsize)n;
  }
  text[size] = '\0';
  return g_steal_pointer (&text);
}

/* The parsed session.json of @session_fd, from the cache where it has not changed. Lock held. NULL: missing
 * or not readable. @ret_newer: (transfer none) (nullable): words for one that a later version wrote. */
static RegiaSession *
load_session (RegiaLibrary *self, int session_fd, const char *id, const char **ret_newer)
{
  Cached *cached = g_hash_table_lookup (self->cached, id);
  g_autofree char *text = NULL;
  struct stat st;
  int fd = open_regular (session_fd, REGIA_SESSION_FILE, &st);

  *ret_newer = NULL;
  if (fd < 0) {
    g_hash_table_remove (self->cached, id);
    return NULL;
  }
  if (cached == NULL || cached->size != st.st_size || cached->inode != st.st_ino ||
      cached->modified.tv_sec != st.st_mtim.tv_sec || cached->modified.tv_nsec != st.st_mtim.tv_nsec) {
    g_autoptr (GError) error = NULL;

    cached = g_new0 (Cached, 1);
    cached->modified = st.st_mtim;
    cached->size = st.st_size;
    cached->inode = st.st_ino;
    if (st.st_size <= SESSION_FILE_BYTES && (text = read_whole (fd, (gsize)st.st_size)) != NULL)
      cached->session = regia_session_from_json (text, st.st_size, &error);
    if (g_error_matches (error, REGIA_ERROR, REGIA_ERROR_NEWER))
      cached->newer = g_strdup (error->message);
    g_hash_table_insert (self->cached, g_strdup (id), cached);
  }
  close (fd);
  *ret_newer = cached->newer;
  return cached->session;
}

typedef struct {
  guint parts;
  guint64 bytes;
  gint64 modified_s; /* of the newest */
} Live;

static void
measure_live (int session_fd, Live *ret_live)
{
  int fd = open_beneath (session_fd, REGIA_SESSION_LIVE, O_DIRECTORY);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;
  struct stat st;

  memset (ret_live, 0, sizeof *ret_live);
  while (dir != NULL && (entry = readdir (dir)) != NULL)
    if (g_str_has_suffix (entry->d_name, ".mp4") &&
        fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (st.st_mode)) {
      ret_live->parts++;
      ret_live->bytes += (guint64)st.st_size;
      ret_live->modified_s = MAX (ret_live->modified_s, (gint64)st.st_mtim.tv_sec);
    }
  if (dir != NULL)
    closedir (dir);
  else if (fd >= 0)
    close (fd);
}

/* Whether a recorder works on it: asked without taking anything, which the gateway could not. */
static gboolean
is_held (int session_fd)
{
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

  return fcntl (session_fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static void
add_files (RegiaLibraryItem *item, RegiaSession *session, int session_fd)
{
  for (guint i = 0; i < session->files->len; i++) {
    const RegiaSessionFile *from = g_ptr_array_index (session->files, i);
    RegiaLibraryFile *file;
    struct stat st;
    int fd = open_regular (session_fd, from->name, &st);

    if (fd < 0)
      continue;
    close (fd);
    file = g_new0 (RegiaLibraryFile, 1);
    file->name = g_strdup (from->name);
    file->content_type = g_strdup (from->content_type);
    /* Somebody changed the file since: its checksum is not known any more. */
    file->sha256 = g_strdup ((guint64)st.st_size == from->size_bytes ? from->sha256 : "");
    file->size_bytes = (guint64)st.st_size;
    file->modified_s = st.st_mtim.tv_sec;
    file->duration_ms = from->duration_ms;
    item->size_bytes += file->size_bytes;
    g_ptr_array_add (item->files, file);
  }
}

static const char *
shown_state (RegiaSession *session, int session_fd, const RegiaLibraryItem *item)
{
  if (strcmp (session->state, REGIA_SESSION_RECORDING) == 0 ||
      strcmp (session->state, REGIA_SESSION_FINISHING) == 0)
    return is_held (session_fd) ? session->state : "interrupted";
  if (strcmp (session->state, REGIA_SESSION_FINISHED) == 0 && item->files->len == session->files->len)
    return session->state;
  return REGIA_SESSION_DAMAGED;
}

static RegiaLibraryItem *
item_new (const char *id)
{
  RegiaLibraryItem *item = g_new0 (RegiaLibraryItem, 1);

  g_atomic_ref_count_init (&item->ref_count);
  item->id = g_strdup (id);
  item->files = g_ptr_array_new_with_free_func ((GDestroyNotify)file_free);
  return item;
}

static void
describe (RegiaLibraryItem *item, const char *title, const char *place, const char *state,
          const char *message)
{
  item->title = g_strdup (title);
  item->place = g_strdup (place);
  item->state = g_strdup (state);
  item->message = g_strdup (message);
}

/* A folder whose session.json is missing, spoiled or @newer. NULL when nothing in it is ours. */
static RegiaLibraryItem *
item_without_record (const char *id, int session_fd, const Live *live, const char *newer)
{
  RegiaLibraryItem *item;
  gboolean spoiled = faccessat (session_fd, REGIA_SESSION_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

  if (live->parts == 0 && !spoiled)
    return NULL;
  item = item_new (id);
  item->size_bytes = live->bytes;
  item->started_s = live->modified_s;
  if (newer != NULL)
    describe (item, id, "", REGIA_SESSION_DAMAGED, newer);
  else if (live->parts > 0)
    describe (item, id, "", "interrupted",
              "The record of this session is lost; it is rebuilt from the recording at the next start");
  else
    describe (item, id, "", REGIA_SESSION_DAMAGED, "The record of this session cannot be read");
  return item;
}

/* By its record (nullable), or by what stands beside it. */
static gboolean
is_private (const RegiaSession *session, int session_fd)
{
  struct stat st;

  if (session != NULL && session->private_spans->len > 0)
    return TRUE;
  return fstatat (session_fd, REGIA_SESSION_PRIVATE, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Lock held. NULL: nothing of ours, or nothing for the public. */
static RegiaLibraryItem *
item_from_folder (RegiaLibrary *self, const char *id)
{
  int session_fd = open_beneath (self->folder_fd, id, O_DIRECTORY);
  RegiaLibraryItem *item;
  RegiaSession *session;
  const char *newer;
  Live live;

  if (session_fd < 0) {
    /* A plain file or a link is somebody else's; a folder that is there but closed to us is a recording that
     * staff must hear of. */
    if (errno != EACCES && errno != EIO)
      return NULL;
    item = item_new (id);
    describe (item, id, "", REGIA_SESSION_DAMAGED, "The folder of this session cannot be read");
    return item;
  }
  measure_live (session_fd, &live);
  session = load_session (self, session_fd, id, &newer);
  if (is_private (session, session_fd)) {
    close (session_fd);
    return NULL;
  }
  if (session == NULL) {
    item = item_without_record (id, session_fd, &live, newer);
    close (session_fd);
    return item;
  }
  item = item_new (id);
  add_files (item, session, session_fd);
  describe (item, session->title, session->place, shown_state (session, session_fd, item), session->message);
  item->started_s = session->started_ms / 1000;
  item->duration_ms = session->duration_ms;
  item->gaps = session->gaps_total;
  item->gap_ms = session->gap_ms;
  if (live.parts > 0) {
    /* The record is not written for each second that is recorded. */
    item->size_bytes = MAX (item->size_bytes, live.bytes);
    if (strcmp (session->state, REGIA_SESSION_RECORDING) == 0 && item->started_s > 0)
      item->duration_ms = MAX (item->duration_ms, (live.modified_s - item->started_s) * 1000);
  }
  close (session_fd);
  return item;
}

/* --- the listing --- */

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const RegiaLibraryItem *first = *(RegiaLibraryItem *const *)a, *second = *(RegiaLibraryItem *const *)b;

  if (first->started_s != second->started_s)
    return first->started_s > second->started_s ? -1 : 1;
  return -strcmp (first->id, second->id);
}

/* What is withheld stays in the cache as well: it is looked at each time. */
static void
forget_absent (RegiaLibrary *self, GHashTable *present)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->cached);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (!g_hash_table_contains (present, id))
      g_hash_table_iter_remove (&iter);
}

/* Lock held. */
static void
make_listing (RegiaLibrary *self)
{
  g_autoptr (GHashTable) present = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  int fd = openat (self->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent *entry;

  g_clear_pointer (&self->items, g_ptr_array_unref);
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_library_item_unref);
  while (dir != NULL && (entry = readdir (dir)) != NULL && self->items->len < SESSIONS_MAX) {
    RegiaLibraryItem *item;

    if (!regia_session_name_is_safe (entry->d_name))
      continue;
    item = item_from_folder (self, entry->d_name);
    if (item != NULL || g_hash_table_contains (self->cached, entry->d_name))
      g_hash_table_add (present, g_strdup (entry->d_name));
    if (item != NULL)
      g_ptr_array_add (self->items, item);
  }
  if (dir != NULL)
    closedir (dir);
  else if (fd >= 0)
    close (fd);
  forget_absent (self, present);
  g_ptr_array_sort (self->items, compare_cb);
  self->listed_us = g_get_monotonic_time ();
}

GPtrArray *
regia_library_list (RegiaLibrary *self)
{
  GPtrArray *items;

  g_mutex_lock (&self->lock);
  if (self->items == NULL || g_get_monotonic_time () - self->listed_us >= LIST_AGE_US)
    make_listing (self);
  items = g_ptr_array_ref (self->items);
  g_mutex_unlock (&self->lock);
  return items;
}

RegiaLibraryItem *
regia_library_get (RegiaLibrary *self, const char *id)
{
  g_autoptr (GPtrArray) items = regia_library_list (self);

  for (guint i = 0; i < items->len; i++) {
    RegiaLibraryItem *item = g_ptr_array_index (items, i);

    if (strcmp (item->id, id) == 0)
      return regia_library_item_ref (item);
  }
  return NULL;
}

/* As it is now, whatever was listed. FALSE where nothing says so. */
static gboolean
read_privacy (RegiaLibrary *self, const char *id, gboolean *ret_private)
{
  int session_fd = open_beneath (self->folder_fd, id, O_DIRECTORY);
  RegiaSession *session;
  const char *newer;
  gboolean known;

  if (session_fd < 0)
    return FALSE;
  g_mutex_lock (&self->lock);
  session = load_session (self, session_fd, id, &newer);
  *ret_private = is_private (session, session_fd);
  known = session != NULL || *ret_private;
  g_mutex_unlock (&self->lock);
  close (session_fd);
  return known;
}

gboolean
regia_library_is_withheld (RegiaLibrary *self, const char *id)
{
  gboolean withheld = FALSE;

  return regia_session_name_is_safe (id) && read_privacy (self, id, &withheld) && withheld;
}

int
regia_library_open (RegiaLibrary *self, RegiaLibraryItem *item, const char *name,
                    const RegiaLibraryFile **ret_file, GError **error)
{
  g_autofree char *path = NULL;
  const RegiaLibraryFile *file = NULL;
  gboolean withheld = FALSE;
  struct stat st;
  int fd, saved;

  if (!read_privacy (self, item->id, &withheld) || withheld) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no recording %s", item->id);
    return -1;
  }
  for (guint i = 0; i < item->files->len && file == NULL; i++) {
    const RegiaLibraryFile *candidate = g_ptr_array_index (item->files, i);

    if (strcmp (candidate->name, name) == 0)
      file = candidate;
  }
  if (file == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Recording %s has no such file", item->id);
    return -1;
  }
  path = g_strconcat (item->id, "/", file->name, NULL);
  fd = open_regular (self->folder_fd, path, &st);
  saved = errno;
  if (fd < 0) {
    regia_error_set_errno (error, saved, "%s", path);
    return -1;
  }
  if (ret_file != NULL)
    *ret_file = file;
  return fd;
}

/* --- for the API --- */

char *
regia_library_file_title (RegiaLibraryItem *item, const RegiaLibraryFile *file)
{
  g_autofree char *slug = regia_slug (item->title);
  g_autofree char *stem = g_strdup (file->name);
  g_autoptr (GDateTime) started = g_date_time_new_from_unix_utc (item->started_s);
  g_autofree char *date =
      started != NULL && item->started_s > 0 ? g_date_time_format (started, "%Y-%m-%d-") : g_strdup ("");
  char *dot = strrchr (stem, '.');
  const char *suffix = strrchr (file->name, '.');
  const char *rest;

  if (dot != NULL)
    *dot = '\0';
  /* The programme is the recording; what else there is keeps its name behind the title. */
  rest = g_str_has_prefix (stem, "programme") ? stem + strlen ("programme") : stem;
  return g_strconcat (date, slug, rest[0] != '\0' && rest[0] != '-' ? "-" : "", rest,
                      suffix != NULL ? suffix : "", NULL);
}

static GVariant *
file_to_variant (RegiaLibraryItem *item, const RegiaLibraryFile *file)
{
  g_autofree char *title = regia_library_file_title (item, file);
  g_autofree char *modified = regia_time_format_iso (file->modified_s * REGIA_SECOND);
  g_autofree char *url = g_strdup_printf ("recordings/%s/%s", item->id, file->name);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  regia_fields_put (file_fields, file, &builder);
  g_variant_builder_add (&builder, "{sv}", "title", g_variant_new_string (title));
  g_variant_builder_add (&builder, "{sv}", "modified", g_variant_new_string (modified));
  g_variant_builder_add (&builder, "{sv}", "url", g_variant_new_string (url));
  return g_variant_builder_end (&builder);
}

GVariant *
regia_library_item_to_variant (RegiaLibraryItem *item)
{
  g_autofree char *started =
      item->started_s > 0 ? regia_time_format_iso (item->started_s * REGIA_SECOND) : g_strdup ("");
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantBuilder files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; i < item->files->len; i++)
    g_variant_builder_add (&files, "v", file_to_variant (item, g_ptr_array_index (item->files, i)));
  regia_fields_put (item_fields, item, &builder);
  g_variant_builder_add (&builder, "{sv}", "started", g_variant_new_string (started));
  g_variant_builder_add (&builder, "{sv}", "files", g_variant_builder_end (&files));
  return g_variant_builder_end (&builder);
}
