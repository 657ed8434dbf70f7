/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is made of devices, from what GStreamer's providers say of real ones. None of them has to be here. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../../src/engine/devices-private.h"
#include "regia/config/config.h"
#include "regia/config/pipeline.h"

#define C920_CAPS                                                                                            \
  "image/jpeg, width=1920, height=1080, framerate={30/1,24/1,15/1}; "                                        \
  "image/jpeg, width=1280, height=720, framerate={30/1,24/1}; "                                              \
  "video/x-raw, format=YUY2, width=640, height=480, framerate={30/1,15/2}; "                                 \
  "video/x-raw, format=YUY2, width=2304, height=1296, framerate=2/1; "                                       \
  "video/x-raw, format=NV12, width=2304, height=1296, framerate=15/2; "                                      \
  "video/x-h264, stream-format=byte-stream, width=1920, height=1080, framerate=30000/1001"

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)regia_device_free);
}

static RegiaDevice *
describe (const char *way, const char *name, const char *device_class, const char *internal_name,
          const char *caps_text, const char *properties_text)
{
  g_autoptr (GstCaps) caps = caps_text != NULL ? gst_caps_from_string (caps_text) : NULL;
  GstStructure *properties = gst_structure_from_string (properties_text, NULL);
  RegiaDevice *device;

  g_assert_nonnull (properties);
  device = regia_device_describe (regia_device_way_find (way),
                                  &(RegiaDeviceTold){name, device_class, internal_name, caps, properties});
  gst_structure_free (properties);
  return device;
}

/* A camera at FOLDER/videoN. */
static RegiaDevice *
camera (const char *folder, guint number, const char *name)
{
  g_autofree char *properties = g_strdup_printf (
      "v4l2deviceprovider, udev-probed=true, device.api=v4l2, device.bus=usb, device.path=\"%s/video%u\", "
      "v4l2.device.driver=uvcvideo",
      folder, number);

  return describe ("v4l2", name, "Video/Source", NULL, C920_CAPS, properties);
}

/* As pulse.c makes them. */
static RegiaDevice *
pulse (const char *name, const char *source, const char *place)
{
  RegiaDevice *device = regia_device_new ("pulse", "sound", name);
  g_autofree char *node = g_strconcat ("node:", source, NULL);

  regia_device_set (&device->identity, source);
  regia_device_add (&device->formats, "2 channels, 48000 Hz");
  regia_device_add (&device->places, node);
  if (place != NULL)
    regia_device_add (&device->places, place);
  return device;
}

static const RegiaDevice *
nth (GPtrArray *devices, guint n)
{
  g_assert_cmpuint (n, <, devices->len);
  return g_ptr_array_index (devices, n);
}

static void
test_formats (void)
{
  static const struct {
    const char *caps, *words;
  } rows[] = {
      {C920_CAPS, "H.264: 1920x1080 at up to 29.97 pictures a second|"
                  "MJPEG: 1920x1080, 1280x720 at up to 30 pictures a second|"
                  "raw: 2304x1296 at up to 7.5 pictures a second; 640x480 at up to 30 pictures a second"},
      {"video/x-raw, width=[16,1920], height=[16,1080], framerate=[0/1,60/1]",
       "raw: any size up to 1920x1080 at up to 60 pictures a second"},
      {"video/x-raw(memory:DMABuf), width=1920, height=1080, framerate=50/1; "
       "video/x-raw, width=1920, height=1080, framerate=25/1",
       "raw: 1920x1080 at up to 50 pictures a second"},
      {"video/x-raw, width=1920, height=1080, framerate=[0/1,2147483647/1]", "raw: 1920x1080"},
      {"video/x-raw, width=[1,2147483647], height=[1,2147483647]", "raw"},
      {"video/x-raw, width=90, height=90, framerate=100/1; video/x-raw, width=80, height=80, "
       "framerate=100/1; "
       "video/x-raw, width=70, height=70; video/x-raw, width=60, height=60; video/x-raw, width=50, "
       "height=50; "
       "video/x-raw, width=40, height=40; video/x-raw, width=30, height=30; video/x-raw, width=20, "
       "height=20; "
       "video/x-raw, width=10, height=10; video/x-raw, width=5, height=5",
       "raw: 90x90, 80x80 at up to 100 pictures a second; 70x70, 60x60, 50x50, 40x40, 30x30, 20x20; 2 "
       "smaller "
       "sizes"},
      {"audio/x-raw, format={S16LE,S32LE}, channels=2, rate={48000,44100}", "2 channels, 44100, 48000 Hz"},
      {"audio/x-raw, format=S16LE, channels=1, rate=[8000,96000]; "
       "audio/x-raw, format=S24LE, channels=1, rate=[8000,96000]",
       "1 channel, 8000 to 96000 Hz"},
      {"audio/x-raw, channels=[1,2147483647], rate=[1,2147483647]", ""},
      {"audio/x-raw, channels=18", "18 channels"},
      {"ANY", ""},
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstCaps) caps = gst_caps_from_string (rows[i].caps);
    g_auto (GStrv) formats = regia_device_formats (caps);
    g_autofree char *joined = g_strjoinv ("|", formats);

    g_assert_cmpstr (joined, ==, rows[i].words);
  }
}

static void
test_describe (void)
{
  g_autoptr (RegiaDevice) newer =
      describe ("v4l2", "Stick", "Source/Video", NULL, NULL, "p, api.v4l2.path=/dev/video7");
  g_autoptr (RegiaDevice) output =
      describe ("v4l2", "Out", "Video/Sink", NULL, NULL, "p, device.path=/dev/video8");
  g_autoptr (RegiaDevice) desk = describe (
      "alsa", "BEHRINGER X-USB at usb-0000:00:14.0-3, high speed", "Audio/Source", "hw:1,0",
      "audio/x-raw, channels=18, rate={44100,48000}",
      "alsa-proplist, device.api=alsa, alsa.card=1, alsa.card_name=(string)X-USB, alsa.id=(string)XUSB");
  g_autoptr (RegiaDevice) virtual = describe (
      "pipewire", "obs", "Video/Source", NULL, "video/x-raw, width=1280, height=720",
      "pipewire-proplist, node.name=obs-camera, "
      "node.description=(string)\"OBS Virtual Camera\", object.serial=(string)71");
  g_autoptr (RegiaDevice) nameless = describe ("pipewire", "gst-launch-1.0", "Video/Source", NULL, NULL,
                                               "pipewire-proplist, object.serial=(string)71");
  g_autoptr (RegiaDevice) stream = describe ("pipewire", "Firefox", "Stream/Output/Audio", NULL, NULL,
                                             "pipewire-proplist, node.name=firefox");
  g_autoptr (RegiaDevice) card =
      describe ("decklink", "DeckLink Mini Recorder (Video Capture)", "Video/Source/Hardware", NULL,
                "video/x-raw, width=1920, height=1080, framerate=25/1",
                "properties, display-name=(string)\"DeckLink Mini Recorder\", device-number=(uint)1, "
                "max-channels=(uint)16, "
                "persistent-id=(gint64)2747401380");
  g_autoptr (RegiaDevice) embedded =
      describe ("decklink", "DeckLink Mini Recorder (Audio Capture)", "Audio/Source/Hardware", NULL,
                "audio/x-raw, channels={2,8,16}, rate=48000",
                "properties, device-number=(uint)1, max-channels=(uint)16");
  g_autoptr (RegiaDevice) twice = regia_device_new ("v4l2", "picture", "USB Video: USB Video");
  g_autoptr (RegiaDevice) cut = regia_device_new ("v4l2", "picture", "AUSDOM FHD Camera: AUSDOM FHD C");
  g_autoptr (RegiaDevice) broken = regia_device_new ("v4l2", "picture", " Cam\n[source x]\xff ");
  g_autoptr (RegiaDevice) nothing = regia_device_new ("v4l2", "picture", NULL);

  g_assert_cmpstr (newer->places[0], ==, "v4l2:/dev/video7");
  g_assert_cmpstr (newer->kind, ==, "picture");
  g_assert_null (output);
  g_assert_cmpstr (desk->name, ==, "X-USB");
  g_assert_cmpstr (desk->kind, ==, "sound");
  g_assert_cmpstr (desk->identity, ==, "hw:CARD=XUSB,DEV=0");
  g_assert_cmpstr (desk->formats[0], ==, "18 channels, 44100, 48000 Hz");
  g_assert_cmpstr (virtual->name, ==, "OBS Virtual Camera");
  g_assert_cmpstr (virtual->identity, ==, "obs-camera");
  g_assert_cmpstr (nameless->identity, ==, "");
  g_assert_nonnull (strstr (nameless->remark, "node.name"));
  g_assert_null (stream);
  g_assert_cmpstr (card->name, ==, "DeckLink Mini Recorder");
  g_assert_cmpstr (card->identity, ==, "1"); /* as decklink.pipeline takes it */
  g_assert_nonnull (strstr (card->remark, "2747401380"));
  g_assert_cmpstr (card->formats[1], ==, "with its sound: up to 16 channels, 48000 Hz");
  g_assert_null (embedded);
  g_assert_cmpstr (twice->name, ==, "USB Video");
  g_assert_cmpstr (cut->name, ==, "AUSDOM FHD Camera");
  g_assert_cmpstr (broken->name, ==, "Cam [source x]\357\277\275"); /* one line, and valid UTF-8 */
  g_assert_cmpstr (nothing->name, ==, "Camera");
  regia_device_identify (nothing, "a\nb");
  g_assert_cmpstr (nothing->identity, ==, "");
  regia_device_identify (broken, "\xff");
  g_assert_cmpstr (broken->identity, ==, "");
  g_assert_nonnull (strstr (broken->remark, "cannot be written down"));
}

static void
make_link (const char *folder, const char *below, const char *name, const char *target)
{
  g_autofree char *path = g_build_filename (folder, "v4l", below, NULL),
                  *link = g_build_filename (path, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0755), ==, 0);
  g_assert_cmpint (symlink (target, link), ==, 0);
}

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("regia-devices-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *parent = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static void
remove_tree (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
      remove_tree (path);
    else
      g_unlink (path);
  }
  g_rmdir (folder);
}

#define C920_LINK  "usb-046d_HD_Pro_Webcam_C920_8B2F1A4F-video-index0"
#define STICK_LINK "usb-MACROSILICON_USB_Video-video-index0"
#define PATH_OF(n) "pci-0000:00:14.0-usb-0:" #n ":1.0-video-index0"

/* A webcam with a serial number, two HDMI sticks without, one that only by-path knows, one of a hall's own
 * rule, and a virtual one that nothing leads to. */
static void
test_links (void)
{
  g_autofree char *folder = make_folder (), *by_id = g_build_filename (folder, "v4l/by-id", NULL),
                  *by_path = g_build_filename (folder, "v4l/by-path", NULL);
  g_autofree char *c920 = g_build_filename (by_id, C920_LINK, NULL),
                  *first = g_build_filename (by_path, PATH_OF (2), NULL),
                  *second = g_build_filename (by_path, PATH_OF (3), NULL),
                  *hall = g_build_filename (folder, "v4l/by-hall/lectern", NULL);
  g_autoptr (GPtrArray) devices = new_list ();

  for (guint i = 0; i < 6; i++) {
    g_autofree char *name = g_strdup_printf ("video%u", i);
    write_file (folder, name, "");
  }
  make_link (folder, "by-id", C920_LINK, "../../video0");
  make_link (folder, "by-path", PATH_OF (1), "../../video0");
  make_link (folder, "by-id", STICK_LINK, "../../video2");
  make_link (folder, "by-path", PATH_OF (2), "../../video1");
  make_link (folder, "by-path", PATH_OF (3), "../../video2");
  make_link (folder, "by-path", "pci-0000:00:14.0-usbv2-0:3:1.0-video-index0", "../../video2");
  make_link (folder, "by-path", PATH_OF (4), "../../video3");
  make_link (folder, "by-hall", "lectern", "../../video4");
  make_link (folder, "by-id", "usb-Gone-video-index0", "../../video9");
  g_ptr_array_add (devices, camera (folder, 0, "HD Pro Webcam C920"));
  g_ptr_array_add (devices, camera (folder, 1, "USB Video: USB Video"));
  g_ptr_array_add (devices, camera (folder, 2, "USB Video: USB Video"));
  g_ptr_array_add (devices, camera (folder, 3, "Live! Cam"));
  g_ptr_array_add (devices, camera (folder, 4, "Dummy video device (0x0000)"));
  g_ptr_array_add (devices, camera (folder, 5, "Dummy video device (0x0001)"));
  regia_devices_link (devices, folder);

  g_assert_cmpstr (nth (devices, 0)->identity, ==, c920);
  g_assert_cmpstr (nth (devices, 0)->remark, ==, "");
  g_assert_cmpstr (nth (devices, 1)->identity, ==, first);
  g_assert_cmpstr (nth (devices, 2)->identity, ==, second);
  g_assert_nonnull (strstr (nth (devices, 2)->remark, "leave it there"));
  g_assert_true (g_str_has_suffix (nth (devices, 3)->identity, PATH_OF (4)));
  g_assert_cmpstr (nth (devices, 4)->identity, ==, hall);
  g_assert_cmpstr (nth (devices, 5)->identity, ==, "");
  g_assert_nonnull (strstr (nth (devices, 5)->remark, "SYMLINK"));
  for (guint i = 0; i < devices->len; i++)
    g_assert_null (strstr (nth (devices, i)->identity, "/dev/video"));
  remove_tree (folder);
}

/* Card 0 has one input, which another program holds; card 1 has one that GStreamer told, and an output. */
static void
test_cards (void)
{
  g_autofree char *folder = make_folder (), *dev = g_build_filename (folder, "snd", NULL);
  g_autoptr (GPtrArray) devices = new_list ();

  write_file (folder, "snd/pcmC0D2c", "");
  write_file (folder, "snd/pcmC1D0c", "");
  write_file (folder, "snd/pcmC1D0p", "");
  write_file (folder, "snd/pcmC1D3p", "");
  write_file (folder, "snd/controlC1", "");
  write_file (folder, "card0/id", "PCH\n");
  write_file (folder, "cards",
              " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n"
              "                      HDA Intel PCH at 0xdf240000 irq 132\n"
              " 1 [XUSB           ]: USB-Audio - X-USB\n"
              "                      BEHRINGER X-USB at usb-0000:00:14.0-3, high speed\n");
  g_ptr_array_add (devices,
                   describe ("alsa", "X-USB", "Audio/Source", "hw:1,0", NULL, "p, alsa.id=(string)XUSB"));
  regia_devices_add_cards (devices, dev, folder, "Another program has it");
  g_assert_cmpuint (devices->len, ==, 2);
  g_assert_cmpstr (nth (devices, 1)->name, ==, "HDA Intel PCH");
  g_assert_cmpstr (nth (devices, 1)->identity, ==, "hw:CARD=PCH,DEV=2");
  g_assert_cmpstr (nth (devices, 1)->remark, ==, "Another program has it");
  remove_tree (folder);
}

static void
test_refused (void)
{
  g_autofree char *folder = make_folder (), *first = g_build_filename (folder, "video0", NULL),
                  *second = g_build_filename (folder, "video11", NULL);
  g_autofree char *some = NULL;
  gboolean any = TRUE, root = geteuid () == 0;

  g_assert_null (regia_devices_refused (folder, "video", "", &any));
  g_assert_false (any);
  write_file (folder, "video0", "");
  write_file (folder, "video11", "");
  write_file (folder, "videodev", "");
  g_assert_null (regia_devices_refused (folder, "video", "", &any));
  g_assert_true (any);
  g_assert_cmpint (g_chmod (folder, 0755), ==, 0);
  g_assert_cmpint (g_chmod (first, root ? 0666 : 0600), ==, 0);
  g_assert_cmpint (g_chmod (second, root ? 0600 : 0000), ==, 0);
  if (root) /* who may open anything */
    g_assert_cmpint (seteuid (65534), ==, 0);
  some = regia_devices_refused (folder, "video", "", &any);
  if (root)
    g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_true (any);
  g_assert_nonnull (some);
  g_assert_nonnull (strstr (some, second));
  g_assert_null (strstr (some, first));
  g_assert_nonnull (strstr (some, "usermod -aG "));
  remove_tree (folder);
}

static void
test_merge (void)
{
  g_autoptr (GPtrArray) devices = new_list ();
  RegiaDevice *stick, *card, *far;

  /* What PipeWire passes on is told first: the order in which the ways answer means nothing. */
  g_ptr_array_add (
      devices,
      describe ("pipewire", "x", "Audio/Source", NULL, NULL,
                "p, node.name=(string)\"alsa_input.usb-X\", node.description=(string)\"X-USB Multichannel\", "
                "alsa.card=(string)1, alsa.device=(string)0"));
  g_ptr_array_add (
      devices,
      describe ("pipewire", "x", "Video/Source", NULL, NULL,
                "p, node.name=(string)\"v4l2_input.pci\", object.path=(string)\"v4l2:/dev/video0\""));
  g_ptr_array_add (
      devices, describe ("pipewire", "x", "Video/Source", NULL, NULL,
                         "p, node.name=(string)\"v4l2_input.newer\", api.v4l2.path=(string)\"/dev/video2\""));
  g_ptr_array_add (devices,
                   describe ("pipewire", "x", "Video/Source", NULL, NULL, "p, node.name=obs-camera"));
  stick = camera ("/dev", 0, "USB Video");
  g_ptr_array_add (devices, stick);
  g_ptr_array_add (devices, camera ("/dev", 2, "USB Video"));
  card = describe ("alsa", "X-USB", "Audio/Source", "hw:1,0", "audio/x-raw, channels=18",
                   "p, alsa.id=(string)XUSB");
  g_ptr_array_add (devices, card);
  g_ptr_array_add (devices,
                   describe ("alsa", "PCH", "Audio/Source", "hw:0,0", NULL, "p, alsa.id=(string)PCH"));
  g_ptr_array_add (devices, pulse ("X-USB Multichannel", "alsa_input.usb-X", "alsa:1,0"));
  far = pulse ("Booth", "booth", NULL);
  g_ptr_array_add (devices, far);

  regia_devices_merge (devices);
  g_assert_cmpuint (devices->len, ==, 6);
  g_assert_cmpstr (nth (devices, 0)->way, ==, "v4l2");
  g_assert_cmpstr (nth (devices, 0)->also[0], ==, "PipeWire v4l2_input.pci");
  g_assert_cmpstr (nth (devices, 1)->also[0], ==, "PipeWire v4l2_input.newer");
  g_assert_cmpstr (nth (devices, 2)->identity, ==, "obs-camera");
  g_assert_cmpstr (nth (devices, 3)->identity, ==, "booth");
  g_assert_cmpuint (g_strv_length (nth (devices, 3)->also), ==, 0);
  g_assert_cmpstr (nth (devices, 4)->way, ==, "pulse");
  g_assert_cmpstr (nth (devices, 4)->also[0], ==, "ALSA hw:CARD=XUSB,DEV=0");
  g_assert_cmpstr (nth (devices, 4)->also[1], ==, "PipeWire alsa_input.usb-X");
  g_assert_cmpstr (nth (devices, 4)->formats[0], ==, "2 channels, 48000 Hz");
  g_assert_cmpstr (nth (devices, 5)->identity, ==, "hw:CARD=PCH,DEV=0");
}

static void
test_monitors (void)
{
  g_autoptr (GPtrArray) devices = new_list ();
  RegiaDevice *monitor = pulse ("Monitor of Speakers", "speakers.monitor", NULL);

  monitor->monitor = TRUE;
  g_ptr_array_add (devices, camera ("/dev", 0, "Cam"));
  g_ptr_array_add (devices, monitor);
  g_assert_cmpuint (regia_devices_drop_monitors (devices), ==, 0); /* there is no other sound */
  g_assert_cmpuint (devices->len, ==, 2);
  g_ptr_array_add (devices, pulse ("Microphone", "microphone", NULL));
  g_assert_cmpuint (regia_devices_drop_monitors (devices), ==, 1);
  g_assert_cmpuint (devices->len, ==, 2);
  g_assert_cmpstr (nth (devices, 1)->identity, ==, "microphone");
}

static void
test_names (void)
{
  static const struct {
    const char *told, *name;
  } rows[] = {
      {"Tonmischpult für Grüße (Übersetzung)", "tonmischpult-fur-grusse-ubersetz"},
      {"HD Pro Webcam C920", "hd-pro-webcam-c920"},
      {"HD Pro Webcam C920", "hd-pro-webcam-c920-2"},
      {"HD Pro Webcam C920", "hd-pro-webcam-c920-3"},
      {"A name that is longer than one is allowed to be", "a-name-that-is-longer-than-one-i"},
      {"A name that is longer than one is allowed to be", "a-name-that-is-longer-than-one-2"},
      {"--Booth--", "booth"},
      {"摄像头", "picture"},
      {"カメラ", "picture-2"},
  };
  g_autoptr (GPtrArray) devices = new_list ();
  g_autoptr (GRegex) valid = g_regex_new ("^[a-z0-9][a-z0-9-]{0,31}$", 0, 0, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_ptr_array_add (devices, regia_device_new ("v4l2", "picture", rows[i].told));
  regia_devices_name (devices);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_true (g_regex_match (valid, nth (devices, (guint)i)->source, 0, NULL));
    /* how letters lose their accents is the C library's affair */
    if (i > 0)
      g_assert_cmpstr (nth (devices, (guint)i)->source, ==, rows[i].name);
  }
}

/* (transfer full): pipeline files named as those of the ways, each with the parameters that it has. */
static GPtrArray *
capture_files (const char *folder)
{
  static const struct {
    const char *name, *device, *server;
  } rows[] = {{"v4l2", "device", "width"}, {"pulse", "device", "server"}, {"pipewire", "camera", "width"}};
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify)regia_pipeline_file_free);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *name = g_strconcat (rows[i].name, ".pipeline", NULL),
                    *path = g_build_filename (folder, name, NULL);
    g_autofree char *text =
        g_strdup_printf ("# summary: x\n# needs: fakesrc\n# param %s=  x\n# param %s=  x\n"
                         "fakesrc name=audio a={%s} b={%s}\n",
                         rows[i].device, rows[i].server, rows[i].device, rows[i].server);
    g_autoptr (GError) error = NULL;
    RegiaPipelineFile *file;

    write_file (folder, name, text);
    file = regia_pipeline_file_load ("capture", path, &error);
    g_assert_no_error (error);
    g_ptr_array_add (files, file);
  }
  return files;
}

static void
test_lines (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr (GPtrArray) files = capture_files (folder), devices = new_list ();
  GString *event = g_string_new ("[event]\nname = Prova\n");
  g_autoptr (RegiaConfig) config = NULL;
  g_autoptr (GError) error = NULL;
  const RegiaConfigValues *values;
  static const char *const bad[] = {"back\\slash", " blank", "./file"};

  g_ptr_array_add (devices, camera ("/dev", 0, "Cam"));
  regia_device_set (&((RegiaDevice *)devices->pdata[0])->identity, "/dev/v4l/by-id/" C920_LINK);
  g_ptr_array_add (devices, pulse ("Pult mit Umlaut ü", "desk of the hall", NULL));
  regia_device_set (&((RegiaDevice *)devices->pdata[1])->server, "unix:/run/user/1000/pulse/native");
  g_ptr_array_add (
      devices, describe ("pipewire", "x", "Video/Source", NULL, NULL, "p, node.name=(string)\"OBS camera\""));
  regia_devices_name (devices);
  for (guint i = 0; i < devices->len; i++) {
    g_autofree char *why = NULL, *lines = regia_device_lines (nth (devices, i), files, &why);

    g_assert_nonnull (lines);
    g_assert_null (why);
    g_string_append (event, lines);
  }
  config = regia_config_parse (event->str, event->len, "x.conf", "/", FALSE, &error);
  g_assert_no_error (error);
  values = regia_config_get (config);
  g_assert_cmpuint (values->sources->len, ==, 3);
  for (guint i = 0; i < devices->len; i++) {
    const RegiaConfigSource *source = g_ptr_array_index (values->sources, i);

    g_assert_cmpstr (source->pipeline, ==, nth (devices, i)->way);
    g_assert_cmpstr (g_hash_table_lookup (source->parameters, i < 2 ? "device" : "camera"), ==,
                     nth (devices, i)->identity);
    g_assert_cmpuint (g_hash_table_size (source->parameters), ==, i == 1 ? 2 : 1);
  }

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (RegiaDevice) device = pulse ("Booth", bad[i], NULL);
    g_autofree char *why = NULL;

    g_assert_null (regia_device_lines (device, files, &why));
    g_assert_nonnull (strstr (why, "cannot be written"));
    g_assert_null (strchr (why, '\n'));
  }
  {
    g_autoptr (RegiaDevice) unnamed = camera ("/dev", 0, "Cam");
    g_autoptr (RegiaDevice) no_file = regia_device_new ("alsa", "sound", "Card");
    g_autofree char *first = NULL, *second = NULL;

    g_assert_null (regia_device_lines (unnamed, files, &first));
    g_assert_nonnull (strstr (first, "no name"));
    g_assert_null (regia_device_lines (no_file, files, &second));
    g_assert_nonnull (strstr (second, "no capture file"));
  }
  g_string_free (event, TRUE);
  remove_tree (folder);
}

static void
test_json (void)
{
  g_autoptr (RegiaDevicesFound) found = regia_devices_found_new (), back = NULL, none = NULL;
  g_autofree char *json = NULL, *again = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (found->devices, camera ("/dev", 0, "Cam \"ü\""));
  g_ptr_array_add (found->devices, pulse ("Desk", "desk", "alsa:0,0"));
  ((RegiaDevice *)found->devices->pdata[1])->monitor = TRUE;
  g_ptr_array_add (found->notes, g_strdup ("no right"));
  json = regia_devices_to_json (found);
  back = regia_devices_read_json (json, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (back->devices->len, ==, 2);
  g_assert_cmpuint (back->notes->len, ==, 1);
  again = regia_devices_to_json (back);
  g_assert_cmpstr (json, ==, again);
  g_assert_true (nth (back->devices, 1)->monitor);
  g_assert_cmpstr (nth (back->devices, 1)->places[1], ==, "alsa:0,0");
  none = regia_devices_read_json ("", &error);
  g_assert_null (none);
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_test_add_func ("/engine/devices/formats", test_formats);
  g_test_add_func ("/engine/devices/describe", test_describe);
  g_test_add_func ("/engine/devices/links", test_links);
  g_test_add_func ("/engine/devices/cards", test_cards);
  g_test_add_func ("/engine/devices/refused", test_refused);
  g_test_add_func ("/engine/devices/merge", test_merge);
  g_test_add_func ("/engine/devices/monitors", test_monitors);
  g_test_add_func ("/engine/devices/names", test_names);
  g_test_add_func ("/engine/devices/lines", test_lines);
  g_test_add_func ("/engine/devices/json", test_json);
  return g_test_run ();
}
