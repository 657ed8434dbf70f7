/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/config/config.h"

/** How one thing stands before an event. */
typedef enum {
  REGIA_READY_GO,
  REGIA_READY_LOOK,  /* it will do, but somebody should look at it */
  REGIA_READY_NO_GO, /* the event cannot be held so */
} RegiaReadiness;

typedef struct {
  RegiaReadiness state;
  char *what;   /* (owned) "source camera", "processor", … */
  char *text;   /* (owned) what was seen */
  char *remedy; /* (owned) what to do; "" when nothing has to be done */
} RegiaReadyRow;

/** regia_ready_row_new: @name: (nullable): follows @kind. @remedy: (nullable). @text: (transfer full). */
RegiaReadyRow *regia_ready_row_new (RegiaReadiness state, const char *kind, const char *name,
                                    const char *remedy, char *text);
void regia_ready_row_free (RegiaReadyRow *self);
/** regia_ready_rows_new: (transfer full) (element-type RegiaReadyRow). */
GPtrArray *regia_ready_rows_new (void);
/** regia_ready_add: a row at the end. */
void regia_ready_add (GPtrArray *rows, RegiaReadiness state, const char *kind, const char *name,
                      const char *remedy, const char *format, ...) G_GNUC_PRINTF (6, 7);

/** regia_ready_judge_trial: rows for sources, slate, renditions and processor.
 * @report: a{sv} of regia_cli_trial_main(). Pure. */
void regia_ready_judge_trial (GPtrArray *rows, const RegiaConfigValues *values, GVariant *report);
/** regia_ready_judge_running: rows for sources, processor, recording and relays of an event that is on
 * already: nothing can be tried then.
 * @status: a{sv} of Show1.GetStatus. Pure. */
void regia_ready_judge_running (GPtrArray *rows, const RegiaConfigValues *values, GVariant *status);

/** What a folder's disk can do. */
typedef struct {
  guint64 free_bytes;
  double bytes_per_s; /* written and on disk */
  double slowest_ms;  /* the longest that a write needed until it was there */
} RegiaDiskFigures;

/** regia_ready_judge_disk: a row for the recordings. Pure. */
void regia_ready_judge_disk (GPtrArray *rows, const RegiaConfigValues *values,
                             const RegiaDiskFigures *figures);
/** regia_ready_measure_disk: writes up to 64 MiB into a file without a name in @folder, for a second, and
 * leaves nothing. Blocks on the disk. Errors: G_IO_ERROR, with the path. */
gboolean regia_ready_measure_disk (const char *folder, RegiaDiskFigures *ret_figures,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_ready_add_ports: rows for the addresses that are listened on. @running: Regia itself has them. */
void regia_ready_add_ports (GPtrArray *rows, const RegiaConfigValues *values, gboolean running);
/** regia_ready_add_certificate: a row for it, if there is one. */
void regia_ready_add_certificate (GPtrArray *rows, const RegiaConfigValues *values);
/** regia_ready_add_clock: whether this machine's clock is set by others. */
void regia_ready_add_clock (GPtrArray *rows);

/**
 * regia_ready_ask_relay: whether the destination can be found and answers, in 6 s at most on a thread of
 * GTask's; @done_cb on the main context. SRT is asked for its cookie (draft-sharabayko-srt-01 §4.3.1.1),
 * which opens nothing there; others by a connection on which nothing is said.
 *
 * regia_ready_ask_relay_finish: (transfer full): its row.
 */
void regia_ready_ask_relay (const RegiaConfigRelay *relay, GAsyncReadyCallback done_cb, gpointer user_data);
RegiaReadyRow *regia_ready_ask_relay_finish (GAsyncResult *result);

/** Processor time of the whole machine so far, in ticks. */
typedef struct {
  guint64 busy, all;
} RegiaMachineTime;

/** regia_machine_time: all 0 where /proc/stat does not tell. */
void regia_machine_time (RegiaMachineTime *ret_time);
/** regia_machine_busy: share of all processors that was used since @since, 0 to 1. */
double regia_machine_busy (const RegiaMachineTime *since);
/** regia_machine_cores: how many cores this process may use: by its affinity and its cgroups' quota. */
double regia_machine_cores (void);

/** regia_cli_load: as `regia check` and its child load them. @event, @hall: "" or %NULL for none, not both.
 * Errors: as regia_config_load(). */
RegiaConfig *regia_cli_load (const char *event, const char *hall, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_cli_ready: tries all that the event needs on this machine, within a minute, and prints a table, or
 * @json. @state_dir: where an event may be on already. Returns: exit status: 0, or 69 for a no-go. Main
 * thread. */
int regia_cli_ready (RegiaConfig *config, const char *event, const char *hall, const char *state_dir,
                     gboolean json);
/** regia_cli_why_not_listening: (transfer full) (nullable): why nobody could be served at an
 * address now; the event itself may be running. */
char *regia_cli_why_not_listening (const char *listen);
