/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "keys-private.h"
#include "regia/config/config.h"

typedef struct _RegiaDirector RegiaDirector;

/** RegiaExchange: all that has to be read from disks before another event, or the bare hall, can take the
 * place of what is there. Made on any thread, used up on the main context. */
typedef struct {
  RegiaConfig *config;  /* (owned) */
  GBytes *event;        /* (owned): its merged text */
  char *recordings_dir; /* (owned) */
  int recordings_fd;    /* (owned): open, or −1 … */
  int recordings_errno; /* … and why */
  RegiaKeys *keys;      /* (owned) */
} RegiaExchange;

/** regia_recordings_dir: (transfer full): where @config is recorded. Pure. */
char *regia_recordings_dir (RegiaConfig *config, const char *state_dir);

/** regia_exchange_new: @config is referenced; @director is only handed on. Makes the recordings folder. May
 * wait for the disk; any thread. */
RegiaExchange *regia_exchange_new (RegiaConfig *config, const char *state_dir, RegiaDirector *director);
void regia_exchange_free (RegiaExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaExchange, regia_exchange_free)

/** regia_exchange_install: (transfer full): @director runs @self from now on, in the state that its show
 * says. Its processes are all gone. Does not wait. Main context, and not from a callback of a process. */
void regia_exchange_install (RegiaExchange *self, RegiaDirector *director);
