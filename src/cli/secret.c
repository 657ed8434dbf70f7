/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "regia/base/error.h"
#include "regia/cli/cli.h"
#include "regia/director/password.h"

/* More than any password has; a terminal gives no longer line. */
#define LINE_BYTES 4096

/* What ends or stops a program from the keyboard or elsewhere. */
static const int ends[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};

/* (transfer full): the first line that comes at @fd, without its end. Never more is read than that where it
 * comes from a terminal. */
static char *
read_line (int fd, GError **error)
{
  char *line = g_malloc0 (LINE_BYTES);
  gsize length = 0;
  ssize_t n = 1;

  while (length < LINE_BYTES - 1 && memchr (line, '\n', length) == NULL) {
    n = read (fd, line + length, LINE_BYTES - 1 - length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      break;
    length += (gsize)n;
  }
  if (n < 0)
    regia_error_set_errno (error, errno, "standard input: cannot read the password");
  else if (length == 0)
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_USAGE, "standard input holds no password");
  else if (memchr (line, '\0', length) != NULL)
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_USAGE, "the password holds a NUL byte");
  else {
    line[strcspn (line, "\n")] = '\0';
    return line;
  }
  explicit_bzero (line, LINE_BYTES);
  g_free (line);
  return NULL;
}

static void
set_mask (int how, sigset_t *ret_set)
{
  sigemptyset (ret_set);
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    sigaddset (ret_set, ends[i]);
  sigprocmask (how, ret_set, NULL);
}

/* Whether a line has come; otherwise the number of the signal that came first is in @ret_signal. */
static gboolean
wait_for_line (int signal_fd, int *ret_signal)
{
  struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {signal_fd, POLLIN, 0}};
  struct signalfd_siginfo info;

  while (poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno == EINTR)
    ;
  if (fds[1].revents == 0 || read (signal_fd, &info, sizeof info) != sizeof info)
    return TRUE;
  *ret_signal = (int)info.ssi_signo;
  return FALSE;
}

/* Whatever comes in between, the terminal shows again what is typed before anybody else has it. */
static char *
ask_once (const char *question, GError **error)
{
  struct termios shown, hidden;
  sigset_t set;
  char *line = NULL;
  int signal_fd, number = 0;

  if (tcgetattr (STDIN_FILENO, &shown) < 0) {
    regia_error_set_errno (error, errno, "the terminal cannot be asked for a password");
    return NULL;
  }
  hidden = shown;
  hidden.c_lflag &= ~(tcflag_t)ECHO;
  set_mask (SIG_BLOCK, &set);
  signal_fd = signalfd (-1, &set, SFD_CLOEXEC);
  do {
    number = 0;
    fputs (question, stderr);
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &hidden);
    if (wait_for_line (signal_fd, &number))
      line = read_line (STDIN_FILENO, error);
    tcsetattr (STDIN_FILENO, TCSAFLUSH, &shown);
    fputc ('\n', stderr);
    if (number != 0) {
      /* Ends the program, or stops it until somebody goes on with it. */
      raise (number);
      set_mask (SIG_UNBLOCK, &set);
      set_mask (SIG_BLOCK, &set);
    }
  } while (number != 0);
  close (signal_fd);
  set_mask (SIG_UNBLOCK, &set);
  return line;
}

char *
regia_cli_ask_secret (const char *question, GError **error)
{
  return isatty (STDIN_FILENO) ? ask_once (question, error) : read_line (STDIN_FILENO, error);
}

char *
regia_cli_ask_password (const char *name, GError **error)
{
  g_autofree char *question = g_strdup_printf ("Password for %s: ", name);
  char *line, *again;
  gboolean same;

  if (!isatty (STDIN_FILENO))
    return read_line (STDIN_FILENO, error);
  line = ask_once (question, error);
  if (line == NULL)
    return NULL;
  again = ask_once ("The same again: ", error);
  same = again != NULL && strcmp (line, again) == 0;
  if (again != NULL && !same)
    g_set_error_literal (error, REGIA_ERROR, REGIA_ERROR_USAGE,
                         "the two are not the same; nothing was changed");
  regia_password_wipe (again);
  if (!same)
    regia_password_wipe (g_steal_pointer (&line));
  return line;
}
