/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * RegiaAudit: audit.jsonl, who did what and when: a line of JSON each, written and synced by a thread of its
 * own, for the disk may hang. The last of them are remembered once they are there, for those who follow what
 * happens. Main context only.
 */
typedef struct _RegiaAudit RegiaAudit;

/** So many are. */
#define REGIA_AUDIT_REMEMBERED 64

/** RegiaAuditWrittenFunc: one more is there. */
typedef void (*RegiaAuditWrittenFunc) (gpointer user_data);

/** regia_audit_new: @path: of the file, which is made with the first line, for its owner alone. @written is
 * called in the default main context. */
RegiaAudit *regia_audit_new (const char *path, RegiaAuditWrittenFunc written, gpointer user_data);
/** regia_audit_free: gives the last lines a second to get there. */
void regia_audit_free (RegiaAudit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaAudit, regia_audit_free)

/** regia_audit_write: @line (transfer full): without a line feed. What cannot be written is a warning in the
 * log, and is not remembered. */
void regia_audit_write (RegiaAudit *self, char *line);
/** regia_audit_get_last: (transfer floating): a(ts): those that are remembered, the oldest first, each with
 * the place in the file where it ends: none of two in a file is the same. */
GVariant *regia_audit_get_last (RegiaAudit *self);
