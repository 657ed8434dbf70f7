/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/**
 * RegiaBudget: the memory that answers on their way may take, of all workers together: bodies, each once,
 * however many are being given it, and what the kernel holds for each connection. Nothing is refused for it:
 * when it is spent, those go who have not taken anything for longest (see accept.c).
 *
 * Any thread; one lock, a leaf.
 */
typedef struct _RegiaBudget RegiaBudget;

RegiaBudget *regia_budget_new (guint64 limit_bytes);
void regia_budget_free (RegiaBudget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaBudget, regia_budget_free)

/** regia_budget_hold: (transfer full): a reference of @body, counted until regia_budget_release(). */
GBytes *regia_budget_hold (RegiaBudget *self, GBytes *body);
void regia_budget_release (RegiaBudget *self, GBytes *body);
/** regia_budget_add: what the kernel holds became more, or less. */
void regia_budget_add (RegiaBudget *self, gint64 bytes);
/** regia_budget_get_percent: how much of it is used; more than 100 when it is spent. */
guint regia_budget_get_percent (RegiaBudget *self);
/** regia_budget_excess: by how much the budget is overspent; 0: it is not. */
guint64 regia_budget_excess (RegiaBudget *self);
