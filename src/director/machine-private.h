/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * RegiaMachine: how hot this computer is and how busy its processor, read every few seconds on a thread of
 * GTask's, for sensors may be slow. Main context only.
 */
typedef struct _RegiaMachine RegiaMachine;

/** regia_machine_new: @thermal: the folder of the sensors, /sys/class/thermal; @stat: /proc/stat. */
RegiaMachine *regia_machine_new (const char *thermal, const char *stat);
void regia_machine_free (RegiaMachine *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaMachine, regia_machine_free)

/** regia_machine_tick: once a second. */
void regia_machine_tick (RegiaMachine *self);
/** regia_machine_get_temperature: °C of the hottest sensor; NAN: there is none, or none was read yet. */
double regia_machine_get_temperature (const RegiaMachine *self);
/** regia_machine_get_load: percent of the processor's time that was used between the last two looks; NAN: not
 * known. */
double regia_machine_get_load (const RegiaMachine *self);

/** regia_machine_read_temperature: of `thermal_zone*` below @thermal, the hottest; NAN: none. Blocks. */
double regia_machine_read_temperature (const char *thermal);
/** regia_machine_parse_stat: the first line of proc_stat(5): time used and time altogether, in ticks. Pure.
 */
gboolean regia_machine_parse_stat (const char *text, guint64 *ret_used, guint64 *ret_all);
