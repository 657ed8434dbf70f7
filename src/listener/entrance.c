/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-listener"

#include "entrance-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outlet-private.h"
#include "publisher-private.h"
#include "regia/base/address.h"
#include "regia/base/error.h"
#include "regia/config/entrance.h"

/*
 * RegiaEntrance: three tables, all of the main thread: the places (one for each source), the doors (one for
 * each address that is listened on), the guests (connections). A guest is made by accept() and is freed where
 * its conversation ends, by its own callback or by the tick.
 *
 * Keys are compared in constant time; a guest that fails hears why and is gone, and its source says so: a
 * technician at the far end sees only that it does not work.
 */

#define PATIENCE_US   (10 * G_USEC_PER_SEC) /* until it was let in */
#define SILENCE_US    (15 * G_USEC_PER_SEC) /* of a sender */
#define TAKEN_OVER_US (5 * G_USEC_PER_SEC)
#define TICK_MS       500
#define OUTSIDE_MAX   256 /* who has not been let in */
#define BACKLOG       512
#define READ_BYTES    (64 * 1024)
#define READS         8 /* in a row, before others have their turn */
#define ANSWER_BYTES  (256 * 1024)
#define SAY_US        (10 * G_USEC_PER_SEC) /* no more often is a wrong key in the log … */
#define TELL_US       G_USEC_PER_SEC        /* … and in the status of its source */
#define HELLO_BYTES   4096

typedef struct _Guest Guest;

typedef struct {
  RegiaConfigEntrance *config; /* (owned) */
  char *name;                  /* (owned): of the source */
  char *waits;                 /* (owned): in words, with the address to be given to a sender */
  RegiaOutlet *outlet;         /* (owned) */
  Guest *guest;                /* (nullable): who sends */
  gint64 told_us;              /* when it last said who was refused */
} Place;

typedef struct {
  RegiaEntrance *entrance;
  char *address; /* (owned): ADDRESS:PORT */
  int fd;        /* (owned) */
  guint watch;
} Door;

struct _Guest {
  RegiaEntrance *entrance;
  Door *door;
  Place *place;              /* (nullable): where it was let in */
  RegiaPublisher *publisher; /* (owned) */
  int fd;                    /* (owned) */
  guint reads, writes;       /* sources */
  char *from;                /* (owned): its IP address */
  guint from_hash;
  gint64 came_us, heard_us;
};

struct _RegiaEntrance {
  GPtrArray *places, *doors, *guests; /* (owned) */
  guint tick, link;
  int engine_fd;
  gint64 said_us;
  guint outside;
  guint8 buffer[READ_BYTES];
};

static gint64
now_us (void)
{
  return g_get_monotonic_time ();
}

/* Guests */

static void
guest_free (gpointer data)
{
  Guest *self = data;

  g_clear_handle_id (&self->reads, g_source_remove);
  g_clear_handle_id (&self->writes, g_source_remove);
  close (self->fd);
  regia_publisher_free (self->publisher);
  g_free (self->from);
  g_free (self);
}

/* @self is gone after this. @why: (nullable): in words, for the log. */
static void
show_out (Guest *self, const char *why)
{
  RegiaEntrance *entrance = self->entrance;
  Place *place = self->place;

  if (place != NULL && place->guest == self) {
    place->guest = NULL;
    regia_outlet_end (place->outlet);
    g_message ("source %s: %s %s", place->name, self->from, why != NULL ? why : "has ended");
  } else if (place == NULL)
    entrance->outside--;
  g_ptr_array_remove_fast (entrance->guests, self);
}

static gboolean writable_cb (int fd, GIOCondition condition, gpointer user_data);

/* %FALSE when it cannot be told any more. */
static gboolean
answer (Guest *self)
{
  GByteArray *words = regia_publisher_get_answer (self->publisher);

  while (words->len > 0) {
    ssize_t sent = send (self->fd, words->data, words->len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && errno == EAGAIN && words->len <= ANSWER_BYTES) {
      if (self->writes == 0)
        self->writes = g_unix_fd_add (self->fd, G_IO_OUT, writable_cb, self);
      return TRUE;
    }
    if (sent < 0)
      return FALSE;
    g_byte_array_remove_range (words, 0, (guint)sent);
  }
  return TRUE;
}

static gboolean
writable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Guest *self = user_data;

  self->writes = 0;
  if (!answer (self))
    show_out (self, "has broken off");
  return G_SOURCE_REMOVE;
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Guest *self = user_data;
  RegiaEntrance *entrance = self->entrance;

  for (guint i = 0; i < READS; i++) {
    g_autoptr (GError) error = NULL;
    ssize_t got = recv (fd, entrance->buffer, sizeof entrance->buffer, MSG_DONTWAIT);
    gboolean goes_on;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
      return G_SOURCE_CONTINUE;
    if (got <= 0) {
      self->reads = 0;
      show_out (self, got == 0 ? NULL : "has broken off");
      return G_SOURCE_REMOVE;
    }
    self->heard_us = now_us ();
    goes_on = regia_publisher_take (self->publisher, entrance->buffer, (gsize)got, &error);
    if (answer (self) && goes_on)
      continue;
    if (error != NULL && self->place == NULL)
      g_debug ("%s at %s: %s", self->from, self->door->address, error->message);
    self->reads = 0;
    show_out (self, error != NULL ? error->message : goes_on ? "has broken off" : NULL);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

/* How long it takes tells nothing about where they differ. */
static gboolean
are_same (const char *a, const char *b)
{
  g_autofree char *hash_a = g_compute_checksum_for_string (G_CHECKSUM_SHA256, a, -1);
  g_autofree char *hash_b = g_compute_checksum_for_string (G_CHECKSUM_SHA256, b, -1);
  guint different = 0;

  for (guint i = 0; hash_a[i] != '\0'; i++)
    different |= (guint)(hash_a[i] ^ hash_b[i]);
  return different == 0;
}

G_GNUC_PRINTF (3, 4)
static void
note_refused (Guest *self, Place *place, const char *format, ...)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *clock = g_date_time_format (now, "%H:%M:%S"), *what = NULL, *words = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  if (now_us () - self->entrance->said_us >= SAY_US || self->entrance->said_us == 0) {
    g_message ("source %s: %s %s", place->name, self->from, what);
    self->entrance->said_us = now_us ();
  }
  if (place->guest != NULL || (place->told_us != 0 && now_us () - place->told_us < TELL_US))
    return;
  place->told_us = now_us ();
  words = g_strdup_printf ("%s; at %s %s %s", place->waits, clock, self->from, what);
  regia_outlet_say (place->outlet, words);
}

static gboolean
may_publish_cb (const char *application, const char *key, char **ret_why, gpointer user_data)
{
  Guest *self = user_data;
  RegiaEntrance *entrance = self->entrance;
  Place *wanted = NULL, *near = NULL;

  for (guint i = 0; i < entrance->places->len; i++) {
    Place *place = g_ptr_array_index (entrance->places, i);

    if (!g_str_equal (place->config->listen, self->door->address) ||
        !g_str_equal (place->config->application, application))
      continue;
    near = place;
    if (are_same (place->config->key, key))
      wanted = place;
  }
  if (wanted == NULL) {
    if (near != NULL)
      note_refused (self, near, "came with a wrong key");
    *ret_why = g_strdup ("the address or the key is wrong");
    return FALSE;
  }
  if (wanted->guest != NULL && now_us () - wanted->guest->heard_us < TAKEN_OVER_US) {
    note_refused (self, wanted, "has the key as well, and was refused: %s sends already",
                  wanted->guest->from);
    *ret_why = g_strdup ("somebody else sends with this key");
    return FALSE;
  }
  if (wanted->guest != NULL)
    show_out (wanted->guest, "is silent, another one takes its place");
  self->place = wanted;
  wanted->guest = self;
  entrance->outside--;
  regia_outlet_say (wanted->outlet, wanted->waits);
  g_message ("source %s: %s sends", wanted->name, self->from);
  return TRUE;
}

static void
media_cb (guint8 type, guint32 time_ms, const guint8 *data, gsize size, gpointer user_data)
{
  regia_outlet_send (((Guest *)user_data)->place->outlet, type, time_ms, data, size);
}

/* Of the address that has most of those who were not let in yet, the earliest. By hashes, because it is done
 * for each that comes while many do; two addresses with the same one make room for each other. */
static void
make_room (RegiaEntrance *self)
{
  Guest *earliest = NULL;
  guint most = 0;

  for (guint i = 0; i < self->guests->len; i++) {
    Guest *one = g_ptr_array_index (self->guests, i);
    guint same = 0;

    for (guint j = 0; one->place == NULL && j < self->guests->len; j++) {
      const Guest *other = g_ptr_array_index (self->guests, j);

      same += other->place == NULL && other->from_hash == one->from_hash;
    }
    if (same > most ||
        (same == most && earliest != NULL && one->place == NULL && one->came_us < earliest->came_us)) {
      most = same;
      earliest = one;
    }
  }
  if (earliest != NULL)
    show_out (earliest, NULL);
}

/* Doors */

static char *
ip_of (const struct sockaddr_storage *address, socklen_t length)
{
  g_autoptr (GSocketAddress) socket_address = g_socket_address_new_from_native ((gpointer)address, length);

  return G_IS_INET_SOCKET_ADDRESS (socket_address)
             ? g_inet_address_to_string (
                   g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (socket_address)))
             : g_strdup ("somebody");
}

static void
take_in (Door *door, int fd, char *from)
{
  static const RegiaPublisherCallbacks callbacks = {.may_publish = may_publish_cb, .media = media_cb};
  RegiaEntrance *entrance = door->entrance;
  Guest *guest = g_new0 (Guest, 1);

  if (entrance->outside >= OUTSIDE_MAX)
    make_room (entrance);
  guest->entrance = entrance;
  guest->door = door;
  guest->fd = fd;
  guest->from = from;
  guest->from_hash = g_str_hash (from);
  guest->came_us = guest->heard_us = now_us ();
  guest->publisher = regia_publisher_new (&callbacks, guest);
  guest->reads = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, guest);
  entrance->outside++;
  g_ptr_array_add (entrance->guests, guest);
}

static gboolean
knock_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Door *self = user_data;

  for (guint i = 0; i < READS; i++) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int guest_fd = accept4 (fd, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (guest_fd >= 0) {
      take_in (self, guest_fd, ip_of (&address, length));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE)
      make_room (self->entrance);
    break;
  }
  return G_SOURCE_CONTINUE;
}

static void
door_free (gpointer data)
{
  Door *self = data;

  g_clear_handle_id (&self->watch, g_source_remove);
  close (self->fd);
  g_free (self->address);
  g_free (self);
}

/* Returns: a listening socket, or −1. @address is known to be one. */
static int
listen_at (const char *address, GError **error)
{
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) ip = NULL;
  g_autoptr (GSocketAddress) socket_address = NULL;
  struct sockaddr_storage native;
  int on = 1, fd;
  guint port;

  if (!regia_address_split (address, &host, &port) || (ip = regia_address_ip (host)) == NULL) {
    g_set_error (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "%s is no ADDRESS:PORT", address);
    return -1;
  }
  socket_address = g_inet_socket_address_new (ip, (guint16)port);
  g_socket_address_to_native (socket_address, &native, sizeof native, NULL);
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* A listener that was just killed leaves connections behind; it is not in the way of the next one. */
  if (fd >= 0 && setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      bind (fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (socket_address)) ==
          0 &&
      listen (fd, BACKLOG) == 0)
    return fd;
  regia_error_set_errno (error, errno, "cannot wait for senders at %s; free it, or choose another port",
                         address);
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
open_door (RegiaEntrance *self, const char *address, GError **error)
{
  Door *door;
  int fd;

  for (guint i = 0; i < self->doors->len; i++)
    if (g_str_equal (((Door *)g_ptr_array_index (self->doors, i))->address, address))
      return TRUE;
  fd = listen_at (address, error);
  if (fd < 0)
    return FALSE;
  door = g_new0 (Door, 1);
  door->entrance = self;
  door->address = g_strdup (address);
  door->fd = fd;
  g_ptr_array_add (self->doors, door);
  return TRUE;
}

/* The engine's sockets */

static void
hand_to_place (RegiaEntrance *self, const char *hello, int fd)
{
  for (guint i = 0; i < self->places->len; i++) {
    Place *place = g_ptr_array_index (self->places, i);

    if (!g_str_equal (place->config->hello, hello))
      continue;
    regia_outlet_use (place->outlet, fd);
    return;
  }
  g_debug ("the engine has a source that nobody is listened for");
  close (fd);
}

static gboolean
engine_cb (int fd, GIOCondition condition, gpointer user_data)
{
  RegiaEntrance *self = user_data;
  char hello[HELLO_BYTES + 1];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof (int))];
  } control;
  struct iovec part = {hello, HELLO_BYTES};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg (fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  struct cmsghdr *handed = got >= 0 ? CMSG_FIRSTHDR (&message) : NULL;
  int socket_fd;

  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (got <= 0) { /* the director holds the other end: it is going away as well */
    self->link = 0;
    return G_SOURCE_REMOVE;
  }
  if (handed == NULL || handed->cmsg_type != SCM_RIGHTS || handed->cmsg_len != CMSG_LEN (sizeof (int)))
    return G_SOURCE_CONTINUE;
  memcpy (&socket_fd, CMSG_DATA (handed), sizeof socket_fd);
  hello[got] = '\0';
  hand_to_place (self, hello, socket_fd);
  explicit_bzero (hello, sizeof hello);
  return G_SOURCE_CONTINUE;
}

/* All of it */

static gboolean
tick_cb (gpointer user_data)
{
  RegiaEntrance *self = user_data;
  gint64 now = now_us ();

  for (guint i = self->guests->len; i-- > 0;) {
    Guest *guest = g_ptr_array_index (self->guests, i);

    if (guest->place == NULL && now - guest->came_us > PATIENCE_US)
      show_out (guest, NULL);
    else if (guest->place != NULL && now - guest->heard_us > SILENCE_US)
      show_out (guest, "has fallen silent");
  }
  return G_SOURCE_CONTINUE;
}

static void
place_free (gpointer data)
{
  Place *self = data;

  regia_config_entrance_free (self->config);
  regia_outlet_free (self->outlet);
  g_free (self->name);
  g_free (self->waits);
  g_free (self);
}

static gboolean
add_place (RegiaEntrance *self, const RegiaConfigSource *source, GError **error)
{
  g_autoptr (RegiaConfigEntrance) config = regia_config_source_entrance (source, error);
  Place *place;

  if (config == NULL || !open_door (self, config->listen, error)) {
    g_prefix_error (error, "[source %s] ", source->name);
    return FALSE;
  }
  place = g_new0 (Place, 1);
  place->config = g_steal_pointer (&config);
  place->name = g_strdup (source->name);
  place->waits = g_strdup_printf ("waits for a sender at %s", place->config->url);
  place->outlet = regia_outlet_new ();
  regia_outlet_say (place->outlet, place->waits);
  g_ptr_array_add (self->places, place);
  return TRUE;
}

RegiaEntrance *
regia_entrance_new (const RegiaConfigValues *values, GError **error)
{
  g_autoptr (RegiaEntrance) self = g_new0 (RegiaEntrance, 1);

  self->places = g_ptr_array_new_with_free_func (place_free);
  self->doors = g_ptr_array_new_with_free_func (door_free);
  self->guests = g_ptr_array_new_with_free_func (guest_free);
  for (guint i = 0; i < values->sources->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    if (regia_config_source_has_entrance (source) && !add_place (self, source, error))
      return NULL;
  }
  return g_steal_pointer (&self);
}

void
regia_entrance_open (RegiaEntrance *self, int engine_fd)
{
  self->link = g_unix_fd_add (engine_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, engine_cb, self);
  for (guint i = 0; i < self->doors->len; i++) {
    Door *door = g_ptr_array_index (self->doors, i);

    door->watch = g_unix_fd_add (door->fd, G_IO_IN, knock_cb, door);
  }
  self->tick = g_timeout_add (TICK_MS, tick_cb, self);
}

RegiaEntranceCounts
regia_entrance_get_counts (RegiaEntrance *self)
{
  return (RegiaEntranceCounts){self->guests->len, self->guests->len - self->outside};
}

void
regia_entrance_free (RegiaEntrance *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_handle_id (&self->link, g_source_remove);
  g_ptr_array_unref (self->guests);
  g_ptr_array_unref (self->doors);
  g_ptr_array_unref (self->places);
  g_free (self);
}
