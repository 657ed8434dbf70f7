/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections that it was not given. */
#include "refused.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
open_tcp (const Place *p)
{
  return told (socket (AF_INET, SOCK_STREAM, 0));
}

static int
open_udp (const Place *p)
{
  return told (socket (AF_INET6, SOCK_DGRAM, 0));
}

static int
open_raw (const Place *p)
{
  return told (socket (AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static int
open_packets (const Place *p)
{
  return told (socket (AF_PACKET, SOCK_RAW, 0));
}

static int
open_netlink (const Place *p)
{
  return told (socket (AF_NETLINK, SOCK_RAW, 0));
}

static int
open_algorithm (const Place *p)
{
  return told (socket (AF_ALG, SOCK_SEQPACKET, 0));
}

static int
open_path_socket (const Place *p)
{
  return told (socket (AF_UNIX, SOCK_STREAM, 0));
}

static int
open_path_datagrams (const Place *p)
{
  return told (socket (AF_UNIX, SOCK_DGRAM, 0));
}

static int
open_pair (const Place *p)
{
  int pair[2];

  return told (socketpair (AF_UNIX, SOCK_DGRAM, 0, pair));
}

/* The socket may come from anywhere: a path cannot be connected to. */
static int
connect_control (const Place *p)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  g_strlcpy (address.sun_path, p->socket, sizeof address.sun_path);
  return fd < 0 ? errno : told (connect (fd, (struct sockaddr *)&address, sizeof address));
}

static int
connect_tcp (const Place *p)
{
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr = {htonl (INADDR_LOOPBACK)}, .sin_port = htons ((guint16)p->port)};
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  return fd < 0 ? errno : told (connect (fd, (struct sockaddr *)&address, sizeof address));
}

static int
listen_again (const Place *p)
{
  return told (listen (p->listen_fd, 4096));
}

static int
listen_tcp (const Place *p)
{
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  return fd < 0 ? errno : told (listen (fd, 8));
}

/* Of a listening socket that it was given another kind of one. */
static int
unbind (const Place *p)
{
  struct sockaddr nothing = {.sa_family = AF_UNSPEC};

  return told (connect (p->listen_fd, &nothing, sizeof nothing));
}

const Line refused_connections[] = {
    {"socket AF_INET stream", "opens a connection", open_tcp, GATEWAY},
    {"socket AF_INET6 datagram", "sends what it read", open_udp, GATEWAY},
    {"socket AF_INET raw", "forges packets", open_raw, BOTH, TRUE},
    {"socket AF_PACKET", "listens to the network", open_packets, BOTH, TRUE},
    {"socket AF_NETLINK", "asks and changes the network", open_netlink, BOTH},
    {"socket AF_ALG", "reaches rarely used code of the kernel", open_algorithm, BOTH},
    {"socket AF_UNIX stream", "reaches the services of the machine", open_path_socket, BOTH},
    {"socket AF_UNIX datagram", "writes into the journal", open_path_datagrams, BOTH},
    {"socketpair", "makes a socket that can send to paths", open_pair, BOTH},
    {"connect to control.sock", "ends the event", connect_control, BOTH},
    {"connect", "opens a connection", connect_tcp, GATEWAY},
    {"connect AF_UNSPEC", "takes a listening socket apart", unbind, GATEWAY},
    {"listen", "lets more wait than it was told to", listen_again, BOTH},
    {"listen on a socket of its own", "opens a door", listen_tcp, BOTH},
    {NULL},
};
