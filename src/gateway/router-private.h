/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "assets-private.h"
#include "http-private.h"
#include "regia/hls/window.h"
#include "regia/recorder/library.h"
#include "snapshot-private.h"
#include "viewers-private.h"

/**
 * The router: which address gives what. A fixed table; addresses are looked up, never joined to file names.
 *
 *   /  /recordings            the pages               /live/…                      HLS
 *   /assets/… /favicon.ico    what they load          /recordings/ID/NAME          a download
 *   /events.ics               the schedule, for calendar programs
 *   /healthz                  for monitoring          /api/v1/status /recordings /recordings/ID /openapi.json
 *
 * /live/SHOW/index.m3u8 is what the page learns from the status, /live/index.m3u8 what people type.
 */
typedef struct {
  RegiaAssets *assets; /* (unowned) all of them, and outlive the server */
  RegiaSnapshot *snapshot;
  RegiaSnapshot *calendar; /* (nullable): as its status the schedule, text/calendar */
  RegiaViewers *viewers;
  RegiaHlsWindow *window;
  const char *show;      /* (nullable): media addresses lie below /live/SHOW/ */
  RegiaLibrary *library; /* (nullable): the recordings folder cannot be read */
  char *playlist_cache;  /* (owned) Cache-Control of a playlist: half a segment */
} RegiaSite;

/** When who was told that nothing is known yet, or that something is wrong, is to ask again. */
#define REGIA_SITE_RETRY_S 5

/** regia_site_init: sets what follows from the segment's length and nothing else; the caller sets the rest.
 */
void regia_site_init (RegiaSite *self, guint segment_ms);
void regia_site_clear (RegiaSite *self);

/** regia_site_answer: what lies ready, a #RegiaAnswerFunc; @user_data is a RegiaSite. Any thread. */
RegiaAnswer regia_site_answer (const RegiaRequest *request, const RegiaPeer *peer, gboolean may_wait,
                               RegiaReply *reply, gpointer user_data);
/** regia_site_add_handlers: everything else, a #RegiaHttpHandlersFunc; @user_data is a RegiaSite. */
void regia_site_add_handlers (RegiaHttp *http, SoupServer *server, gpointer user_data);

/** regia_assets_answer: the asset @name, as it is or compressed, or that the client has it. Any thread. */
void regia_assets_answer (RegiaAssets *assets, const char *name, const RegiaRequest *request,
                          RegiaReply *reply);

/** regia_download_answer: one file of a recording, whole, in part or not changed (see regia_range_decide()).
 * May wait for the disk. */
void regia_download_answer (RegiaLibrary *library, const char *id, const char *name,
                            const RegiaRequest *request, RegiaReply *reply);
