/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "watch-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/base/file.h"
#include "regia/control/paths.h"

#define EVERY_US  (2 * G_USEC_PER_SEC)
#define SILENT_US (5 * G_USEC_PER_SEC)
/* At the end. */
#define LAST_LOOK_US (2 * G_USEC_PER_SEC)

/*
 * Disks are unplugged, mounted late, remounted read-only, and folders are removed by people who want to make
 * room. The event goes on without them: whatever a process needs from them it holds open. What is left is to
 * notice when a name comes to mean something else, to make the state folder anew, and to tell people.
 *
 * A look is one job (Look) on a worker thread, because each of its calls may hang with the disk; there is one
 * at a time, and it owns what it works on: copies of the paths, the listener of control.sock (lent by the
 * control), later the descriptors it opened. The main context takes them over in looked_cb.
 *
 * The descriptor of the recordings folder stays open until the next one is known, so that a folder made anew
 * never gets the same inode number and passes for the old one.
 */
typedef struct {
  char *state_dir, *run_dir, *recordings_dir, *event_path; /* (owned) */
  GBytes *event;                                           /* (owned) */
  RegiaControlListener *listener;                          /* (owned) (nullable) */
  RegiaLocks held;                                         /* (unowned) */
  guint moves;                                             /* the watch's, when the look began */

  RegiaLocks taken;    /* (owned): new ones, where the folder has others than those held */
  gboolean made;       /* the listener is new */
  GError *state_error; /* (owned) (nullable): why there is no listener */
  int recordings_fd;   /* (owned) */
  int recordings_errno;
} Look;

struct _RegiaWatch {
  RegiaPlaces places; /* (owned) its strings and bytes */
  RegiaControl *control;
  RegiaLocks *locks;
  RegiaWatchMadeFunc made;
  gpointer user_data;

  gboolean looking;
  gint64 looked_us; /* when the last look began */
  int recordings_fd, recordings_errno;
  dev_t device; /* of the recordings folder, while it can be read */
  ino_t inode;
  guint change;
  guint moves; /* how often it was given other places */
  guint made_count;
  char *state_error; /* (owned) (nullable) */
};

static void
look_free (Look *look)
{
  regia_control_listener_free (look->listener);
  regia_locks_drop (&look->taken);
  g_clear_error (&look->state_error);
  if (look->recordings_fd >= 0)
    close (look->recordings_fd);
  g_bytes_unref (look->event);
  g_free (look->state_dir);
  g_free (look->run_dir);
  g_free (look->recordings_dir);
  g_free (look->event_path);
  g_free (look);
}

/* A folder that opens and cannot be read (its disk was pulled out) is none. */
int
regia_watch_open (const char *path, int *ret_errno)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), list_fd;
  DIR *dir = NULL;

  *ret_errno = errno;
  if (fd < 0)
    return -1;
  list_fd = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (list_fd >= 0 && (dir = fdopendir (list_fd)) == NULL)
    close (list_fd);
  errno = dir != NULL ? 0 : errno;
  if (dir != NULL && readdir (dir) != NULL)
    errno = 0; /* "." at least */
  *ret_errno = errno;
  if (dir != NULL)
    closedir (dir);
  if (*ret_errno == 0)
    return fd;
  close (fd);
  return -1;
}

static gboolean
make_state_folder (Look *look, GError **error)
{
  g_autofree char *control_path = g_build_filename (look->run_dir, REGIA_CONTROL_SOCKET, NULL);
  gsize size;
  const char *event = g_bytes_get_data (look->event, &size);

  if (!regia_file_make_folder (look->state_dir, 0700, error) ||
      !regia_file_make_folder (look->run_dir, 0700, error))
    return FALSE;
  /* First of all: in the meantime somebody may have started another Regia here. */
  if (!regia_locks_are_of (&look->held, look->run_dir) &&
      !regia_locks_take (&look->taken, look->run_dir, FALSE, error))
    return FALSE;
  g_clear_pointer (&look->listener, regia_control_listener_free);
  look->listener = regia_control_listener_new (control_path, error);
  if (look->listener == NULL)
    return FALSE;
  return g_file_test (look->event_path, G_FILE_TEST_EXISTS) ||
         regia_file_replace (look->event_path, event, size, 0600, error);
}

static void
look_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Look *look = task_data;

  look->recordings_fd = regia_watch_open (look->recordings_dir, &look->recordings_errno);
  if (look->listener == NULL || !regia_control_listener_is_there (look->listener))
    look->made = make_state_folder (look, &look->state_error);
  g_task_return_boolean (task, TRUE);
}

/* Takes @fd. */
static void
note_recordings (RegiaWatch *self, int fd, int errno_of_it)
{
  struct stat st = {0};

  if (fd >= 0 && fstat (fd, &st) < 0)
    st = (struct stat){0};
  if (fd < 0 && (self->recordings_fd >= 0 || self->recordings_errno != errno_of_it))
    g_warning ("%s: the recordings cannot be read: %s", self->places.recordings_dir,
               g_strerror (errno_of_it));
  else if (fd >= 0 && self->recordings_fd < 0 && self->recordings_errno != 0)
    g_message ("%s: the recordings can be read again", self->places.recordings_dir);
  if (st.st_dev != self->device || st.st_ino != self->inode)
    self->change++;
  self->device = st.st_dev;
  self->inode = st.st_ino;
  self->recordings_errno = fd < 0 ? errno_of_it : 0;
  if (self->recordings_fd >= 0)
    close (self->recordings_fd);
  self->recordings_fd = fd;
}

static void
note_state_error (RegiaWatch *self, const GError *error)
{
  if (error != NULL && g_strcmp0 (error->message, self->state_error) != 0)
    g_warning ("the state folder is gone: %s", error->message);
  g_free (self->state_error);
  self->state_error = error != NULL ? g_strdup (error->message) : NULL;
}

static void
looked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RegiaWatch *self = user_data;
  Look *look = g_task_get_task_data (G_TASK (result));

  self->looking = FALSE;
  if (look->moves == self->moves) {
    note_recordings (self, look->recordings_fd, look->recordings_errno);
    look->recordings_fd = -1;
  }
  note_state_error (self, look->state_error);
  if (look->taken.owner_fd >= 0) {
    regia_locks_drop (self->locks);
    *self->locks = look->taken;
    look->taken = REGIA_LOCKS_INIT;
  }
  if (look->listener != NULL)
    regia_control_open (self->control, g_steal_pointer (&look->listener));
  if (look->made) {
    self->made_count++;
    g_warning ("%s was not what it was any more (removed or moved in mid-event?); it was made anew",
               self->places.run_dir);
    self->made (self->user_data);
  }
}

static void
begin_look (RegiaWatch *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, looked_cb, self);
  Look *look = g_new0 (Look, 1);

  look->state_dir = g_strdup (self->places.state_dir);
  look->run_dir = g_strdup (self->places.run_dir);
  look->recordings_dir = g_strdup (self->places.recordings_dir);
  look->event_path = g_strdup (self->places.event_path);
  look->event = g_bytes_ref (self->places.event);
  look->listener = regia_control_lend (self->control);
  look->held = *self->locks;
  look->moves = self->moves;
  look->taken = REGIA_LOCKS_INIT;
  look->recordings_fd = -1;
  g_task_set_task_data (task, look, (GDestroyNotify)look_free);
  self->looking = TRUE;
  self->looked_us = g_get_monotonic_time ();
  g_task_run_in_thread (task, look_thread);
}

static RegiaPlaces
places_copy (const RegiaPlaces *places)
{
  return (RegiaPlaces){.state_dir = g_strdup (places->state_dir),
                       .run_dir = g_strdup (places->run_dir),
                       .recordings_dir = g_strdup (places->recordings_dir),
                       .event_path = g_strdup (places->event_path),
                       .event = g_bytes_ref (places->event)};
}

static void
places_clear (RegiaPlaces *places)
{
  g_free ((char *)places->state_dir);
  g_free ((char *)places->run_dir);
  g_free ((char *)places->recordings_dir);
  g_free ((char *)places->event_path);
  g_bytes_unref (places->event);
}

void
regia_watch_move (RegiaWatch *self, const RegiaPlaces *places, int recordings_fd, int recordings_errno)
{
  RegiaPlaces old = self->places;

  self->places = places_copy (places);
  places_clear (&old);
  self->moves++;
  note_recordings (self, recordings_fd, recordings_errno);
}

RegiaWatch *
regia_watch_new (const RegiaPlaces *places, RegiaControl *control, RegiaLocks *locks, RegiaWatchMadeFunc made,
                 gpointer user_data)
{
  RegiaWatch *self = g_new0 (RegiaWatch, 1);
  int fd, errno_of_it;

  self->places = places_copy (places);
  self->control = control;
  self->locks = locks;
  self->made = made;
  self->user_data = user_data;
  self->recordings_fd = -1;
  self->looked_us = g_get_monotonic_time ();
  fd = regia_watch_open (places->recordings_dir, &errno_of_it);
  note_recordings (self, fd, errno_of_it);
  return self;
}

void
regia_watch_free (RegiaWatch *self)
{
  gint64 deadline_us = g_get_monotonic_time () + LAST_LOOK_US;

  if (self == NULL)
    return;
  while (self->looking && g_get_monotonic_time () < deadline_us)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000); /* an answer may never come, and then nothing wakes the context */
  if (self->looking)
    return; /* the job still points here; the process is about to end */
  if (self->recordings_fd >= 0)
    close (self->recordings_fd);
  places_clear (&self->places);
  g_free (self->state_error);
  g_free (self);
}

void
regia_watch_tick (RegiaWatch *self)
{
  if (!self->looking && g_get_monotonic_time () - self->looked_us >= EVERY_US)
    begin_look (self);
}

int
regia_watch_get_recordings (RegiaWatch *self)
{
  return self->recordings_fd;
}

guint
regia_watch_get_change (RegiaWatch *self)
{
  return self->change;
}

void
regia_watch_warn (RegiaWatch *self, GPtrArray *warnings)
{
  gint64 silent_us = g_get_monotonic_time () - self->looked_us;

  if (self->state_error != NULL)
    g_ptr_array_add (
        warnings,
        g_strdup_printf ("The state folder is gone and cannot be made anew: %s. `regia stop` does not "
                         "reach this event until it can; end it by Ctrl-C where it was started, "
                         "`systemctl stop regia` or `kill %d`",
                         self->state_error, getpid ()));
  else if (self->made_count > 0)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The state folder %s was removed or moved in mid-event; it was made "
                                      "anew, the event goes on",
                                      self->places.state_dir));
  if (self->looking && silent_us > SILENT_US)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The disk of %s or of %s has not answered for %" G_GINT64_FORMAT " s",
                                      self->places.state_dir, self->places.recordings_dir,
                                      silent_us / G_USEC_PER_SEC));
  if (self->recordings_fd < 0)
    g_ptr_array_add (warnings,
                     g_strdup_printf ("The recordings folder %s cannot be read: %s; viewers are served, the "
                                      "library comes back by itself",
                                      self->places.recordings_dir, g_strerror (self->recordings_errno)));
}
