/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-mux"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "av-private.h"
#include "linger-private.h"
#include "output-private.h"
#include "regia/base/destination.h"
#include "regia/base/error.h"

/*
 * The lower half of RegiaOutput: an address becomes an AVIOContext, every call on it has a deadline and can
 * be cancelled, and what goes wrong is told in words.
 *
 * Addresses are taken apart and built anew, and everything secret or free-form (key, stream id) goes to
 * libavformat as an option of its own and never as part of the address: so it cannot inject other options,
 * and libavformat, which keeps the address, cannot show it.
 *
 * libavformat's codes say little: a refused key, an unknown application and a far end that died are all EIO.
 * Its log says more, so this file listens to it: only to the constant format strings, never to the arguments,
 * which hold addresses and keys; nothing of it is ever printed. The notes choose an error's words, and
 * whether it is a refusal (G_IO_ERROR_PERMISSION_DENIED), after which a relay waits a minute before it tries
 * again: with another libavformat, words become vaguer and a refused key may be tried as often as a server
 * that is down.
 */

#define FD_BUFFER_BYTES 32768

/* What the log has told, in the order in which things happen. */
enum {
  NOTE_NAME_UNKNOWN = 1 << 0, /* the resolver failed */
  NOTE_HANDSHAKE = 1 << 1,    /* RTMP: connected, handshake begun */
  NOTE_CONNECT = 1 << 2,      /* RTMP: handshake done, application asked for */
  NOTE_PUBLISH = 1 << 3,      /* RTMP: application given, stream asked for */
  NOTE_REJECTED = 1 << 4,     /* the server said no */
  NOTE_CERTIFICATE = 1 << 5,  /* TLS: not who it should be */
};

static const struct {
  const char *prefix;
  guint note;
} notes[] = {
    {"Failed to resolve hostname", NOTE_NAME_UNKNOWN},
    {"Handshaking", NOTE_HANDSHAKE},
    {"Proto = ", NOTE_CONNECT},
    {"Sending publish command", NOTE_PUBLISH},
    {"Server error", NOTE_REJECTED},
    {"Incorrect username", NOTE_REJECTED},
    {"Authentication failed", NOTE_REJECTED},
    {"No credentials set", NOTE_REJECTED},
    {"Peer certificate failed", NOTE_CERTIFICATE},
    {"Unable to verify peer", NOTE_CERTIFICATE},
    {"The certificate's owner", NOTE_CERTIFICATE},
};

/* The output whose call runs on this thread: libav's log callback has no other way to find it. */
static _Thread_local RegiaOutputIo *current;

static void
log_cb (void *object, int level, const char *format, va_list args)
{
  if (current == NULL || format == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (notes); i++)
    if (g_str_has_prefix (format, notes[i].prefix))
      current->notes |= notes[i].note;
}

static void
listen_to_log (void)
{
  static gsize done;

  if (g_once_init_enter (&done)) {
    av_log_set_callback (log_cb);
    g_once_init_leave (&done, 1);
  }
}

void
regia_output_io_begin (RegiaOutputIo *io, guint timeout_ms)
{
  listen_to_log ();
  current = io;
  io->late = FALSE;
  io->begun_us = g_get_monotonic_time ();
  io->deadline_us = io->begun_us + timeout_ms * G_TIME_SPAN_MILLISECOND;
}

void
regia_output_io_end (RegiaOutputIo *io)
{
  current = NULL;
}

/* libavformat asks at least every 100 ms while it waits for the network. */
static int
interrupt_cb (void *data)
{
  RegiaOutputIo *io = data;

  io->late = io->late || g_get_monotonic_time () >= io->deadline_us;
  return io->late || g_cancellable_is_cancelled (io->cancellable);
}

static int
wait_writable (RegiaOutputIo *io)
{
  struct pollfd polled[2] = {{.fd = io->fd, .events = POLLOUT}, {.fd = -1, .events = POLLIN}};

  if (io->cancellable != NULL)
    polled[1].fd = g_cancellable_get_fd (io->cancellable);
  while (!interrupt_cb (io) && polled[0].revents == 0) {
    gint64 wait_ms = (io->deadline_us - g_get_monotonic_time ()) / 1000 + 1;

    if (poll (polled, 2, (int)CLAMP (wait_ms, 0, G_MAXINT)) < 0)
      polled[0].revents = 0;
  }
  if (polled[1].fd >= 0)
    g_cancellable_release_fd (io->cancellable);
  return polled[0].revents != 0 ? 0 : AVERROR_EXIT;
}

/* At most PIPE_BUF at a time: that much never blocks on a pipe that poll() calls writable, whatever the flags
 * of the descriptor, which other processes may share. */
static int
fd_write_cb (void *opaque, RegiaAvOut *data, int length)
{
  RegiaOutputIo *io = opaque;
  int done = 0;

  while (done < length) {
    int code = wait_writable (io);
    gssize written;

    if (code < 0)
      return code;
    written = write (io->fd, data + done, (gsize)MIN (length - done, PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EAGAIN)
      return AVERROR (errno);
    done += (int)MAX (written, 0);
  }
  return length;
}

static gboolean
open_fd (RegiaOutputIo *io, const char *number, GError **error)
{
  guint64 fd;

  if (!g_ascii_string_to_unsigned (number, 10, 0, G_MAXINT, &fd, NULL)) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "The address is not fd: and a number");
    return FALSE;
  }
  io->kind = REGIA_OUTPUT_FD;
  io->fd = (int)fd;
  io->pb = avio_alloc_context (av_malloc (FD_BUFFER_BYTES), FD_BUFFER_BYTES, 1, io, NULL, fd_write_cb, NULL);
  io->pb->seekable = 0;
  io->open = TRUE;
  return TRUE;
}

static gboolean
is_printable (const char *text, gsize least, gsize most)
{
  gsize length = strlen (text);

  for (const char *c = text; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      return FALSE;
  return length >= least && length <= most;
}

/* What the application and the stream are called may be secret: it goes nowhere but into these options. */
static gboolean
set_rtmp_options (const RegiaDestination *destination, const RegiaOutputTarget *target,
                  AVDictionary **options, GError **error)
{
  g_autofree char *app = NULL;
  g_autofree char *stream = NULL;

  if (!regia_destination_get_rtmp (destination, target->key, &app, &stream, error))
    return FALSE;
  av_dict_set (options, "rtmp_app", app, 0);
  av_dict_set (options, "rtmp_playpath", stream, 0);
  av_dict_set_int (options, "tcp_nodelay", 1, 0);
  av_dict_set_int (options, "tls_verify", 1, 0);
  explicit_bzero (app, strlen (app));
  explicit_bzero (stream, strlen (stream));
  return TRUE;
}

static gboolean
set_srt_options (RegiaOutputIo *io, const RegiaOutputTarget *target, guint timeout_ms, AVDictionary **options,
                 GError **error)
{
  if (target->key != NULL && !is_printable (target->key, 10, 79)) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG, "An SRT passphrase has 10 to 79 characters");
    return FALSE;
  }
  if (target->stream_id != NULL && !is_printable (target->stream_id, 0, 512)) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_CONFIG,
                         "An SRT stream id has at most 512 characters");
    return FALSE;
  }
  io->latency_ms = target->latency_ms > 0 ? target->latency_ms : 120;
  /* A rejection comes at once, silence when this time is over: kept apart from our own deadline so that both
   * can be told. */
  io->connect_ms = MAX (timeout_ms * 4 / 5, 200);
  av_dict_set (options, "mode", "caller", 0);
  av_dict_set (options, "transtype", "live", 0);
  av_dict_set_int (options, "pkt_size", 1316, 0);
  av_dict_set_int (options, "connect_timeout", io->connect_ms, 0);
  av_dict_set_int (options, "latency", io->latency_ms * G_GINT64_CONSTANT (1000), 0);
  if (target->key != NULL)
    av_dict_set (options, "passphrase", target->key, 0);
  if (target->stream_id != NULL && *target->stream_id != '\0')
    av_dict_set (options, "streamid", target->stream_id, 0);
  return TRUE;
}

/*
 * The send buffer holds about half a second of the stream (the kernel doubles what it is told) and not the
 * megabytes that the kernel would let it grow to: what lies in it is what a frozen far end hides from us.
 * Half a second is also the longest round trip over which the stream still fits.
 */
static gint64
send_buffer_bytes (guint64 bitrate_bps)
{
  return (gint64)CLAMP (bitrate_bps / 8 / 4, 16 << 10, 1 << 20);
}

static gboolean
open_address (RegiaOutputIo *io, const RegiaOutputTarget *target, guint64 bitrate_bps, GError **error)
{
  g_auto (RegiaDestination) destination = {0};
  g_autofree char *address = NULL;
  g_autofree char *port = NULL;
  AVDictionary *options = NULL;
  const AVIOInterruptCB interrupt = {interrupt_cb, io};
  guint timeout_ms = (guint)((io->deadline_us - io->begun_us) / 1000);
  const char *scheme;
  RegiaLingerFds before;
  gboolean srt;
  int code;

  if (!regia_destination_parse (target->url, &destination, error)) {
    g_prefix_error (error, "The address is no good: ");
    return FALSE;
  }
  srt = destination.kind == REGIA_DESTINATION_SRT;
  scheme = srt ? "srt" : destination.kind == REGIA_DESTINATION_RTMPS ? "rtmps" : "rtmp";
  io->kind = srt ? REGIA_OUTPUT_SRT : REGIA_OUTPUT_RTMP;
  if (!(srt ? set_srt_options (io, target, timeout_ms, &options, error)
            : set_rtmp_options (&destination, target, &options, error))) {
    av_dict_free (&options);
    return FALSE;
  }
  av_dict_set (&options, "protocol_whitelist",
               srt                             ? "srt"
               : g_str_equal (scheme, "rtmps") ? "rtmps,tls,tcp"
                                               : "rtmp,tcp",
               0);
  av_dict_set_int (&options, "rw_timeout", timeout_ms * G_GINT64_CONSTANT (1000), 0);
  if (!srt)
    av_dict_set_int (&options, "send_buffer_size", send_buffer_bytes (bitrate_bps), 0);
  port = destination.port > 0 ? g_strdup_printf (":%d", destination.port) : g_strdup ("");
  address = g_strdup_printf (strchr (destination.host, ':') != NULL ? "%s://[%s]%s/" : "%s://%s%s/", scheme,
                             destination.host, port);
  regia_linger_note (&before);
  code = avio_open2 (&io->pb, address, AVIO_FLAG_WRITE, &interrupt, &options);
  av_dict_free (&options);
  if (code < 0)
    return regia_output_io_set_error (io, code, error);
  io->open = TRUE;
  io->connection = srt ? -1 : regia_linger_find (&before);
  return TRUE;
}

gboolean
regia_output_io_open (RegiaOutputIo *io, const RegiaOutputTarget *target, guint64 bitrate_bps, GError **error)
{
  io->connection = -1;
  if (g_str_has_prefix (target->url, "fd:"))
    return open_fd (io, target->url + 3, error);
  return open_address (io, target, bitrate_bps, error);
}

void
regia_output_io_close (RegiaOutputIo *io, gboolean in_order)
{
  if (io->pb == NULL)
    return;
  if (io->kind == REGIA_OUTPUT_FD) {
    avio_flush (io->pb);
    av_freep (&io->pb->buffer);
    avio_context_free (&io->pb);
  } else {
    avio_closep (&io->pb);
    regia_linger_close (io->connection, in_order ? io->deadline_us : 0, io->cancellable);
  }
}

static gboolean
was_rejected (RegiaOutputIo *io, int code)
{
  if (io->notes & NOTE_REJECTED)
    return TRUE;
  if (io->open || AVUNERROR (code) == ECONNREFUSED)
    return FALSE;
  if (io->kind == REGIA_OUTPUT_SRT)
    return code == AVERROR (EIO) &&
           g_get_monotonic_time () - io->begun_us < io->connect_ms * G_GINT64_CONSTANT (900);
  return (io->notes & NOTE_CONNECT) != 0;
}

static gboolean
set_rejected (RegiaOutputIo *io, GError **error)
{
  const char *words = "The server rejected the stream: the key is wrong or already in use";

  if (io->kind == REGIA_OUTPUT_SRT)
    words = "The server rejected the connection: the passphrase or the stream id is wrong, or the stream is "
            "already in use";
  else if ((io->notes & NOTE_PUBLISH) == 0)
    words = "The server rejected the connection: it does not know the application that the address names";
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, words);
  return FALSE;
}

static gboolean
set_late (RegiaOutputIo *io, GError **error)
{
  double seconds = (double)(g_get_monotonic_time () - io->begun_us) / G_TIME_SPAN_SECOND;

  if (io->open)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The far end has taken nothing for %.0f s",
                 seconds);
  else if (io->notes & NOTE_CONNECT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "The server answers, but did not take the stream within %.0f s", seconds);
  else if (io->notes & NOTE_HANDSHAKE)
    g_set_error (
        error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
        "No answer within %.0f s: something listens there, but does not speak as an RTMP server does",
        seconds);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "No answer within %.0f s; check server, port and what the network lets through", seconds);
  return FALSE;
}

gboolean
regia_output_io_set_error (RegiaOutputIo *io, int code, GError **error)
{
  int number = AVUNERROR (code);

  if (g_cancellable_set_error_if_cancelled (io->cancellable, error))
    return FALSE;
  if (io->late || number == ETIMEDOUT)
    return set_late (io, error);
  if (io->kind == REGIA_OUTPUT_FD)
    return regia_av_set_error (error, code, "Writing");
  if (io->notes & NOTE_NAME_UNKNOWN) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND,
                         "The server's name is not known; check the address and the network's name service");
  } else if (io->notes & NOTE_CERTIFICATE) {
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_PROTOCOL,
                         "The server's certificate is not to be trusted, or is another server's");
  } else if (was_rejected (io, code)) {
    return set_rejected (io, error);
  } else if (number == ECONNREFUSED) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED,
                         "Connection refused: nothing listens at this server and port");
  } else if (number == EHOSTUNREACH || number == ENETUNREACH) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE,
                         "No way to the server: the network is down or it is not there");
  } else if (io->kind == REGIA_OUTPUT_SRT && !io->open) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 "No answer within %.0f s; check server, port (UDP) and what the network lets through",
                 io->connect_ms / 1000.0);
  } else if (code == AVERROR_EOF || number == EPIPE || number == ECONNRESET || number == EIO ||
             number == ENOTCONN) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                         io->kind == REGIA_OUTPUT_SRT ? "The far end no longer answers"
                                                      : "The far end closed the connection");
  } else {
    return regia_av_set_error (error, code, io->open ? "Sending" : "Connecting");
  }
  return FALSE;
}
