/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "guard-private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "regia/base/error.h"

#define CHUNK_BYTES   16384
#define LINE_BYTES    4096 /* of the authentication; GLib's longest has less than 100 */
#define MOST_HANDED   16
#define METHOD_CALL   1
#define METHOD_RETURN 2
#define METHOD_ERROR  3
#define NO_ANSWER     0x1

/* --- counting --- */

/* The D-Bus specification, "Message Format": endianness, type, flags, version, bytes of the body, serial,
 * bytes of the header's fields, which are padded to a multiple of 8. */
static guint32
read_number (const guint8 *head, guint at)
{
  guint32 number;

  memcpy (&number, head + at, sizeof number);
  return head[0] == 'B' ? GUINT32_FROM_BE (number) : GUINT32_FROM_LE (number);
}

static const char *
begin_message (RegiaGuardMeter *self, gint64 now_us)
{
  guint64 body = read_number (self->head, 4), fields = read_number (self->head, 12);

  self->head_bytes = 0;
  self->body_bytes = ((fields + 7) & ~G_GUINT64_CONSTANT (7)) + body;
  if (now_us - self->second_us >= G_USEC_PER_SEC) {
    self->second_us = now_us;
    self->in_second = 0;
  }
  self->in_second++;
  self->n_messages++;
  if (self->head[1] == METHOD_CALL && (self->head[2] & NO_ANSWER) == 0)
    self->calls++;
  else if (self->head[1] == METHOD_RETURN || self->head[1] == METHOD_ERROR)
    self->answers++;
  if (self->unlimited)
    return NULL;
  if (sizeof self->head + self->body_bytes > REGIA_GUARD_MESSAGE_BYTES)
    return "it sent a message of more than " G_STRINGIFY (REGIA_GUARD_MESSAGE_BYTES) " bytes";
  if (self->in_second > REGIA_GUARD_MESSAGES)
    return "it sent more than " G_STRINGIFY (REGIA_GUARD_MESSAGES) " messages in a second";
  return NULL;
}

/* Returns: how many of @length bytes it has used; 0 when the line is too long. */
static gsize
count_line (RegiaGuardMeter *self, const char *data, gsize length)
{
  const char *end = memchr (data, '\n', length);
  gsize used = end != NULL ? (gsize)(end - data) + 1 : length;

  if (self->line_bytes + used > LINE_BYTES)
    return 0;
  for (gsize i = 0; i < used && self->line_bytes + i < sizeof self->line; i++)
    self->line[self->line_bytes + i] = data[i];
  self->line_bytes += (guint)used;
  if (end != NULL) {
    self->messages = self->line_bytes == 7 && memcmp (self->line, "BEGIN\r\n", 7) == 0;
    self->line_bytes = 0;
  }
  return used;
}

const char *
regia_guard_meter_count (RegiaGuardMeter *self, const void *data, gsize length, gint64 now_us)
{
  const char *at = data;

  self->begun_at = 0;
  while (length > 0) {
    const char *fault = NULL;
    gsize used;

    if (!self->messages) {
      used = count_line (self, at, length);
      if (used == 0)
        return "it does not speak D-Bus";
    } else if (self->body_bytes > 0) {
      used = (gsize)MIN (self->body_bytes, length);
      self->body_bytes -= used;
    } else {
      if (self->head_bytes == 0)
        self->begun_at = (gsize)(at - (const char *)data);
      used = MIN (sizeof self->head - self->head_bytes, length);
      memcpy (self->head + self->head_bytes, at, used);
      self->head_bytes += (guint)used;
      if (self->head_bytes == sizeof self->head)
        fault = begin_message (self, now_us);
    }
    if (fault != NULL)
      return fault;
    at += used;
    length -= used;
  }
  return NULL;
}

/* --- passing on --- */

/* One direction: what was read and not yet written. */
typedef struct {
  int from, to;            /* (unowned) */
  gsize begin, end;        /* of what waits in data */
  int handed[MOST_HANDED]; /* (owned) descriptors … */
  guint n_handed;
  gsize handed_at; /* … that go with the message which begins there, and with no other */
  RegiaGuardMeter meter;
  gboolean over; /* nothing more comes */
  char data[CHUNK_BYTES];
} Flow;

/*
 * Life: made with a run of the child, let go of with it. The thread has a reference of its own and may live a
 * moment longer: under a flood it can be long in getting a processor, and the director does not wait for it.
 * It owns the flows, and ends by itself when one of the two ends is closed or too much has come; then both
 * connections are shut down, but not closed before regia_guard_free(), so that their numbers stay ours.
 */
struct _RegiaGuard {
  gatomicrefcount ref_count;
  int child_fd, director_fd; /* (owned) immutable */
  const char *fault;         /* (nullable) atomic; static text */
  Flow up, down;             /* the thread's: from the child, to the child */
};

/* Returns: FALSE when the connection is over. @with_descriptors: those that come are kept; else the kernel
 * closes them. */
static gboolean
flow_read (Flow *self, gboolean with_descriptors)
{
  union {
    struct cmsghdr align;
    char room[CMSG_SPACE (MOST_HANDED * sizeof (int))];
  } control;
  struct iovec part = {self->data, sizeof self->data};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t n;

  if (with_descriptors) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  n = recvmsg (self->from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  for (struct cmsghdr *c = CMSG_FIRSTHDR (&message); c != NULL; c = CMSG_NXTHDR (&message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
      self->n_handed = (guint)((c->cmsg_len - CMSG_LEN (0)) / sizeof (int));
      memcpy (self->handed, CMSG_DATA (c), self->n_handed * sizeof (int));
    }
  self->begin = 0;
  self->end = (gsize)n;
  self->over = n == 0;
  return TRUE;
}

static void
close_handed (Flow *self)
{
  for (guint i = 0; i < self->n_handed; i++)
    close (self->handed[i]);
  self->n_handed = 0;
}

/* Returns: FALSE when the connection is over. */
static gboolean
flow_write (Flow *self)
{
  union {
    struct cmsghdr align;
    char room[CMSG_SPACE (MOST_HANDED * sizeof (int))];
  } control = {0};
  gboolean handing = self->n_handed > 0 && self->begin >= self->handed_at;
  gsize end = self->n_handed > 0 && !handing ? self->handed_at : self->end;
  struct iovec part = {self->data + self->begin, end - self->begin};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  ssize_t n;

  if (handing) {
    struct cmsghdr *c;

    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE (self->n_handed * sizeof (int));
    c = CMSG_FIRSTHDR (&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN (self->n_handed * sizeof (int));
    memcpy (CMSG_DATA (c), self->handed, self->n_handed * sizeof (int));
  }
  n = sendmsg (self->to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  if (handing)
    close_handed (self);
  self->begin += (gsize)n;
  return TRUE;
}

static gboolean
has_data (const Flow *self)
{
  return self->begin < self->end;
}

/* What has come is counted before it goes on. */
static const char *
judge (RegiaGuard *self, Flow *flow)
{
  gboolean talked = self->up.meter.messages;
  const char *fault = regia_guard_meter_count (&flow->meter, flow->data, flow->end, g_get_monotonic_time ());

  /* A read ends behind the piece that descriptors came with (unix(7)), and GDBus sends such a message in one
   * piece: they belong to the newest. What came before it in the same read must not take them along. */
  flow->handed_at = flow->meter.begun_at;

  /* The child ends the authentication, of both directions. */
  if (!talked && self->up.meter.messages)
    self->down.meter.messages = TRUE;
  if (fault == NULL && self->up.meter.calls > self->down.meter.answers + REGIA_GUARD_CALLS)
    fault = "it has more than " G_STRINGIFY (REGIA_GUARD_CALLS) " calls open";
  return fault;
}

/* Returns: FALSE when the connection is over. */
static gboolean
move (RegiaGuard *self, Flow *flow, short readable, short writable)
{
  if (!has_data (flow) && (readable & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const char *fault;

    if (!flow_read (flow, flow == &self->down))
      return FALSE;
    fault = judge (self, flow);
    if (fault != NULL) {
      g_atomic_pointer_set (&self->fault, (gpointer)fault);
      return FALSE;
    }
  }
  if (has_data (flow) && (writable & (POLLOUT | POLLHUP | POLLERR)) != 0 && !flow_write (flow))
    return FALSE;
  return has_data (flow) || !flow->over;
}

/* What is not waited for is not looked at: a connection that was closed would be reported again and again. */
static struct pollfd
to_poll (int fd, const Flow *in, const Flow *out)
{
  short events = (short)((has_data (in) ? 0 : POLLIN) | (has_data (out) ? POLLOUT : 0));

  return (struct pollfd){.fd = events != 0 ? fd : -1, .events = events};
}

static void
guard_unref (RegiaGuard *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  close_handed (&self->up);
  close_handed (&self->down);
  close (self->child_fd);
  close (self->director_fd);
  g_free (self);
}

static gpointer
guard_thread (gpointer data)
{
  RegiaGuard *self = data;
  gboolean open = TRUE;

  while (open) {
    struct pollfd fds[2] = {to_poll (self->child_fd, &self->up, &self->down),
                            to_poll (self->director_fd, &self->down, &self->up)};

    if (poll (fds, 2, -1) < 0)
      continue;
    open = move (self, &self->up, fds[0].revents, fds[1].revents) &&
           move (self, &self->down, fds[1].revents, fds[0].revents);
  }
  shutdown (self->child_fd, SHUT_RDWR);
  shutdown (self->director_fd, SHUT_RDWR);
  guard_unref (self);
  return NULL;
}

RegiaGuard *
regia_guard_new (int fd, int *ret_fd, GError **error)
{
  RegiaGuard *self;
  const int on = 1;
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
    regia_error_set_errno (error, errno, "cannot make a socket pair");
    close (fd);
    return NULL;
  }
  /* The authentication wants to know who sends: from the first byte on it is us, for the child, which has
   * what user it has from us. */
  setsockopt (pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  self = g_new0 (RegiaGuard, 1);
  self->child_fd = fd;
  self->director_fd = pair[0];
  self->up.from = self->down.to = self->child_fd;
  self->up.to = self->down.from = self->director_fd;
  self->down.meter.unlimited = TRUE;
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  g_thread_unref (g_thread_new ("guard", guard_thread, self));
  *ret_fd = pair[1];
  return self;
}

void
regia_guard_free (RegiaGuard *self)
{
  if (self == NULL)
    return;
  shutdown (self->child_fd, SHUT_RDWR);
  shutdown (self->director_fd, SHUT_RDWR);
  guard_unref (self);
}

const char *
regia_guard_get_fault (RegiaGuard *self)
{
  return g_atomic_pointer_get (&self->fault);
}
