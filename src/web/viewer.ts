// SPDX-License-Identifier: GPL-3.0-or-later
import Hls from 'hls.js';

const video = document.querySelector<HTMLVideoElement>('#video')!;
const hls = new Hls({ liveSyncDurationCount: 2, enableWorker: false });
hls.on(Hls.Events.ERROR, (_event, data) => {
  if (data.fatal) setTimeout(() => hls.loadSource('/live/index.m3u8'), 2000);
});
hls.on(Hls.Events.MANIFEST_PARSED, () => {
  document.body.dataset['state'] = 'live';
  video.muted = true;
  void video.play();
});
hls.attachMedia(video);
hls.loadSource('/live/index.m3u8');
