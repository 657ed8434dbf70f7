/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "regia/base/clock.h"

/*
 * RegiaShow: what must survive the director: which show is on the air, since when, and under which epoch. A
 * plain value kept in show.json.
 */
typedef struct {
  char *event_id;    /* (owned) */
  char *session;     /* (owned) folder name of the recording */
  char *config_path; /* (owned) the event file as given */
  gboolean on_air;   /* FALSE once it ended in order */
  RegiaEpoch epoch;
  guint64 generation; /* engine starts so far */
} RegiaShow;

void regia_show_clear (RegiaShow *show);

/** regia_show_load: @path is show.json. %FALSE without an error when there is none; REGIA_ERROR_MEDIA when it
 * cannot be understood. */
gboolean regia_show_load (const char *path, RegiaShow *ret_show, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** regia_show_to_json: (transfer full). Pure. */
char *regia_show_to_json (const RegiaShow *show);
/** regia_show_from_json: the reverse, with every value checked. Pure. */
gboolean regia_show_from_json (const char *text, RegiaShow *ret_show,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** An interrupted show older than this is not gone on with: a new one begins, and the recorder finishes the
 * old. */
#define REGIA_SHOW_RESUME_LIMIT_S (6 * 3600)

/**
 * regia_show_may_resume: whether a start for @event_id goes on with @show, which was last alive @idle_s
 * seconds ago. Pure.
 */
gboolean regia_show_may_resume (const RegiaShow *show, const char *event_id, gint64 idle_s);

/** regia_show_new_session: (transfer full): @event_id, or @event_id-2, -3 … : the first that does not exist
 * in @recordings_dir. */
char *regia_show_new_session (const char *recordings_dir, const char *event_id);
