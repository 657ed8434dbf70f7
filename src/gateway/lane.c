/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-gateway"

#include "lane-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk-private.h"

/*
 * Part of its connection. In the usual case head and body leave in the first call and nothing is kept: no
 * copy, no allocation. A file is sent in pieces: each is looked at before, because sendfile waits for what is
 * not in memory and would hold up everybody of the worker.
 */

#define PIECE_BYTES (1024 * 1024) /* read ahead by the disk pool */
#define TRUST_BYTES (8 * PIECE_BYTES)
#define WARM_BYTES  (4 * PIECE_BYTES) /* sent at once, if they are in memory: more than a socket takes */

void
regia_lane_clear (RegiaLane *self)
{
  g_clear_pointer (&self->head, g_free);
  if (self->body != NULL)
    regia_budget_release (self->budget, g_steal_pointer (&self->body));
  if (self->budget != NULL && self->fd >= 0 && !self->is_in_arena)
    close (self->fd);
  *self = (RegiaLane){.fd = -1};
}

static RegiaLaneState
failed (void)
{
  return errno == EAGAIN || errno == EINTR ? REGIA_LANE_FULL : REGIA_LANE_BROKEN;
}

gsize
regia_lane_piece (const RegiaLane *self)
{
  return (gsize)MIN (self->left, PIECE_BYTES);
}

void
regia_lane_set_warm (RegiaLane *self, gsize bytes)
{
  self->warm = bytes;
}

/* Notes what is in memory already. What was read a moment ago or by many is there altogether, so that after
 * some of it fewer samples do. */
static void
look_ahead (RegiaLane *self)
{
  gsize most = (gsize)MIN (self->left, WARM_BYTES);

  while (self->warm < most) {
    gsize piece = MIN (most - self->warm, PIECE_BYTES);

    if (!regia_disk_is_warm (self->fd, self->offset + self->warm, piece,
                             self->warm_run < TRUST_BYTES ? PIECE_BYTES / 4 : PIECE_BYTES)) {
      self->warm_run = 0;
      return;
    }
    self->warm += piece;
    self->warm_run += piece;
  }
}

/* Sent short, it was the socket that took no more (epoll(7)), or the file that has no more: of that nobody
 * tells. */
static gboolean
has_shrunk (const RegiaLane *self)
{
  struct stat status;

  return fstat (self->fd, &status) < 0 || (guint64)status.st_size < self->offset + self->left;
}

static RegiaLaneState
send_file (RegiaLane *self, RegiaStream *stream, gsize *ret_sent)
{
  while (self->left > 0) {
    gsize asked;
    gssize n;

    if (self->warm == 0)
      look_ahead (self);
    if (self->warm == 0)
      return REGIA_LANE_COLD;
    asked = self->warm;
    n = stream->class->send_file (stream, self->fd, self->offset, asked);
    if (n < 0)
      return failed ();
    if (n == 0) /* became shorter: what was promised cannot be kept */
      return REGIA_LANE_BROKEN;
    self->offset += (guint64)n;
    self->left -= (guint64)n;
    self->warm -= (gsize)n;
    *ret_sent += (gsize)n;
    if ((gsize)n < asked) /* asking again would get rid of a little at a time */
      return has_shrunk (self) ? REGIA_LANE_BROKEN : REGIA_LANE_FULL;
  }
  return REGIA_LANE_DONE;
}

RegiaLaneState
regia_lane_start (RegiaLane *self, RegiaBudget *budget, RegiaArena *arena, RegiaStream *stream,
                  const char *head, gsize head_length, RegiaReply *reply, gsize *ret_sent)
{
  GBytes *body = reply != NULL && reply->fd < 0 ? reply->body : NULL;
  struct iovec parts[2] = {{(char *)head, head_length}};
  RegiaLaneState state;
  gsize total = head_length;
  gssize n;

  *self = (RegiaLane){.budget = budget, .fd = -1};
  if (reply != NULL && reply->fd >= 0) {
    self->fd = reply->fd;
    reply->fd = -1;
    self->offset = reply->offset;
    self->left = reply->length;
    posix_fadvise (self->fd, (off_t)self->offset, (off_t)self->left, POSIX_FADV_SEQUENTIAL);
  } else if (body != NULL && arena != NULL && stream->class->is_zero_copy) {
    self->fd = regia_arena_find (arena, body, &self->offset);
    self->is_in_arena = self->fd >= 0;
    self->left = self->warm = self->is_in_arena ? g_bytes_get_size (body) : 0;
  }
  if (body != NULL && !self->is_in_arena) {
    parts[1].iov_base = (gpointer)g_bytes_get_data (body, &parts[1].iov_len);
    total += parts[1].iov_len;
  }
  n = stream->class->write (stream, parts, total > head_length ? 2 : 1, self->left > 0);
  if (n < 0 && failed () == REGIA_LANE_BROKEN)
    return REGIA_LANE_BROKEN;
  n = MAX (n, 0);
  *ret_sent = (gsize)n;
  if ((gsize)n < head_length) {
    self->head_length = head_length - (gsize)n;
    self->head = g_memdup2 (head + n, self->head_length);
  }
  state = (gsize)n < total ? REGIA_LANE_FULL : send_file (self, stream, ret_sent);
  if (body != NULL && state == REGIA_LANE_FULL) {
    self->body = regia_budget_hold (budget, body);
    self->body_sent = (gsize)n > head_length ? (gsize)n - head_length : 0;
  }
  return state;
}

/* What is left of head and body. */
static RegiaLaneState
send_parts (RegiaLane *self, RegiaStream *stream, gsize *ret_sent)
{
  while (self->head != NULL || (self->body != NULL && !self->is_in_arena)) {
    struct iovec parts[2];
    gsize length = 0, head;
    guint count = 0;
    gssize n;

    if (self->head != NULL)
      parts[count++] = (struct iovec){self->head, self->head_length};
    if (self->body != NULL && !self->is_in_arena) {
      const char *data = g_bytes_get_data (self->body, &length);
      parts[count++] = (struct iovec){(gpointer)(data + self->body_sent), length - self->body_sent};
    }
    n = stream->class->write (stream, parts, count, self->left > 0);
    if (n < 0)
      return failed ();
    *ret_sent += (gsize)n;
    head = MIN ((gsize)n, self->head_length);
    if (self->head != NULL) {
      self->head_length -= head;
      if (self->head_length == 0)
        g_clear_pointer (&self->head, g_free);
      else
        memmove (self->head, self->head + head, self->head_length);
    }
    self->body_sent += (gsize)n - head;
    if (self->body != NULL && !self->is_in_arena && self->body_sent == length)
      regia_budget_release (self->budget, g_steal_pointer (&self->body));
  }
  return REGIA_LANE_DONE;
}

RegiaLaneState
regia_lane_go_on (RegiaLane *self, RegiaStream *stream, gsize *ret_sent)
{
  RegiaLaneState state;

  *ret_sent = 0;
  state = send_parts (self, stream, ret_sent);
  return state == REGIA_LANE_DONE ? send_file (self, stream, ret_sent) : state;
}
