/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/config/config.h"
#include "regia/config/events.h"

/*
 * RegiaFolder: the hall file and the folder of events as they were seen last, looked at every ten seconds,
 * once a minute while an event is on, and when somebody asks. Main context only.
 */
typedef struct _RegiaFolder RegiaFolder;

/** A look has ended. @fresh: it began after the last regia_folder_look(); else another is on its way. */
typedef void (*RegiaFolderLookedFunc) (gboolean fresh, gpointer user_data);

/** regia_folder_new: nothing is read yet. */
RegiaFolder *regia_folder_new (const char *events_dir, const char *hall_path, RegiaFolderLookedFunc looked,
                               gpointer user_data);
/** Does not wait for a look that is on its way. */
void regia_folder_free (RegiaFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RegiaFolder, regia_folder_free)

/** Once a second. @seldom: nothing can begin now, so a look once a minute is enough: some hundred files cost
 * half a second of a processor. */
void regia_folder_tick (RegiaFolder *self, gboolean seldom);
/** regia_folder_look: looks now. */
void regia_folder_look (RegiaFolder *self);

/** (transfer none) (nullable): the hall when it was last without fault. */
RegiaConfig *regia_folder_get_hall (RegiaFolder *self);
/** (transfer full) (nullable): its text, as of regia_config_to_text(). */
GBytes *regia_folder_get_hall_text (RegiaFolder *self);
/** (transfer none) (nullable): as regia_events_due(), for what can be read now. */
const RegiaEvent *regia_folder_get_due (RegiaFolder *self, const char *const *ended);
/** (transfer full): as regia_events_announce(). */
GVariant *regia_folder_announce (RegiaFolder *self, const char *const *ended);
/** (transfer full): a{sv} of Show1.GetEvents. */
GVariant *regia_folder_describe (RegiaFolder *self, const char *on_air, const char *rehearsed,
                                 const char *const *ended);
/** regia_folder_warn: adds what is the matter with them to @warnings (element-type utf8, owned). */
void regia_folder_warn (RegiaFolder *self, GPtrArray *warnings);
