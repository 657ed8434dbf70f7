/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/tls/tls.h"

/**
 * RegiaCertificate: the certificate that a process of this folder was told by the director, as it is now, in
 * a slot from which new connections take it. Main thread only, but for the slot.
 */
typedef struct _RegiaCertificate RegiaCertificate;

/** regia_certificate_new: of @part, the process' part at its start (control/org.regia.control.xml). Before
 * isolation and before there are threads; logs nothing, see regia_certificate_tell(). @path: for words alone
 */
RegiaCertificate *regia_certificate_new (const char *path, GVariant *part);
/** regia_certificate_free: after the server that has its slot. @self: (nullable) */
void regia_certificate_free (RegiaCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaCertificate, regia_certificate_free)

/** regia_certificate_get_slot: (transfer none) (nullable): for RegiaServerOptions.tls; %NULL where @self is:
 * that is http. */
RegiaTlsSlot *regia_certificate_get_slot (RegiaCertificate *self);
/** regia_certificate_take: another part: its certificate is that of connections from now on; the others go on
 * with theirs. One that cannot be used leaves the one before. @self: (nullable) */
void regia_certificate_take (RegiaCertificate *self, GVariant *part);
/** regia_certificate_tell: warns where that could not be used, once. @self: (nullable) */
void regia_certificate_tell (RegiaCertificate *self);
/** regia_certificate_tick: now and then: gives sessions other ticket keys after their time. @self: (nullable)
 */
void regia_certificate_tick (RegiaCertificate *self);
