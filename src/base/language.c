/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "regia/base/language.h"

#include <stdlib.h>
#include <string.h>

/*
 * Which languages there are, so that a slip of the pen is found out before the event and not by a viewer
 * whose player does not know "ti-IT" from "it-IT"; and what else is to be known of them.
 *
 * Source: ISO 639-1, -2 (terminology codes) and -3 as in Debian's iso-codes 4.15; names in themselves, as a
 * viewer looks for his own, from Unicode CLDR, main/LANG, localeDisplayNames. As BCP 47 (RFC 5646 §2.2.1)
 * demands, a language that has a code of two letters is known by that alone: three_letters holds the others.
 * qaa to qtz are for private use. A number there stands for all codes that differ in their last letter, bit 0
 * for a; the tests compare both tables with iso-codes where that is installed.
 */

/* clang-format off */
static const struct Language {
  char two[3], three[4];
  const char *title; /* (nullable) in itself */
} languages[] = {
  { "aa", "aar" }, { "ab", "abk" }, { "ae", "ave" }, { "af", "afr" }, { "ak", "aka" },
  { "am", "amh", "አማርኛ" }, { "an", "arg" }, { "ar", "ara", "العربية" }, { "as", "asm" }, { "av", "ava" },
  { "ay", "aym" }, { "az", "aze" }, { "ba", "bak" }, { "be", "bel" }, { "bg", "bul", "Български" }, { "bh", "bih" },
  { "bi", "bis" }, { "bm", "bam" }, { "bn", "ben", "বাংলা" }, { "bo", "bod" }, { "br", "bre" },
  { "bs", "bos" }, { "ca", "cat", "Català" }, { "ce", "che" }, { "ch", "cha" }, { "co", "cos" }, { "cr", "cre" },
  { "cs", "ces", "Čeština" }, { "cu", "chu" }, { "cv", "chv" }, { "cy", "cym" }, { "da", "dan", "Dansk" },
  { "de", "deu", "Deutsch" }, { "dv", "div" }, { "dz", "dzo" }, { "ee", "ewe" },
  { "el", "ell", "Ελληνικά" }, { "en", "eng", "English" }, { "eo", "epo" }, { "es", "spa", "Español" },
  { "et", "est", "Eesti" }, { "eu", "eus" }, { "fa", "fas", "فارسی" }, { "ff", "ful" }, { "fi", "fin", "Suomi" },
  { "fj", "fij" }, { "fo", "fao" }, { "fr", "fra", "Français" }, { "fy", "fry" }, { "ga", "gle", "Gaeilge" },
  { "gd", "gla" }, { "gl", "glg" }, { "gn", "grn" }, { "gu", "guj" }, { "gv", "glv" }, { "ha", "hau" },
  { "he", "heb" }, { "hi", "hin", "हिन्दी" }, { "ho", "hmo" }, { "hr", "hrv", "Hrvatski" },
  { "ht", "hat" }, { "hu", "hun", "Magyar" }, { "hy", "hye" }, { "hz", "her" }, { "ia", "ina" }, { "id", "ind" },
  { "ie", "ile" }, { "ig", "ibo" }, { "ii", "iii" }, { "ik", "ipk" }, { "io", "ido" }, { "is", "isl" },
  { "it", "ita", "Italiano" }, { "iu", "iku" }, { "ja", "jpn", "日本語" }, { "jv", "jav" }, { "ka", "kat" },
  { "kg", "kon" }, { "ki", "kik" }, { "kj", "kua" }, { "kk", "kaz" }, { "kl", "kal" }, { "km", "khm" },
  { "kn", "kan" }, { "ko", "kor" }, { "kr", "kau" }, { "ks", "kas" }, { "ku", "kur" }, { "kv", "kom" },
  { "kw", "cor" }, { "ky", "kir" }, { "la", "lat", "Latina" }, { "lb", "ltz" }, { "lg", "lug" },
  { "li", "lim" }, { "ln", "lin" }, { "lo", "lao" }, { "lt", "lit", "Lietuvių" }, { "lu", "lub" }, { "lv", "lav", "Latviešu" },
  { "mg", "mlg" }, { "mh", "mah" }, { "mi", "mri" }, { "mk", "mkd" }, { "ml", "mal" }, { "mn", "mon" },
  { "mr", "mar" }, { "ms", "msa" }, { "mt", "mlt", "Malti" }, { "my", "mya" }, { "na", "nau" }, { "nb", "nob" },
  { "nd", "nde" }, { "ne", "nep" }, { "ng", "ndo" }, { "nl", "nld", "Nederlands" }, { "nn", "nno" },
  { "no", "nor", "Norsk" }, { "nr", "nbl" }, { "nv", "nav" }, { "ny", "nya" }, { "oc", "oci" }, { "oj", "oji" },
  { "om", "orm" }, { "or", "ori" }, { "os", "oss" }, { "pa", "pan", "ਪੰਜਾਬੀ" }, { "pi", "pli" },
  { "pl", "pol", "Polski" }, { "ps", "pus" }, { "pt", "por", "Português" }, { "qu", "que" },
  { "rm", "roh" }, { "rn", "run" }, { "ro", "ron", "Română" }, { "ru", "rus", "Русский" }, { "rw", "kin" },
  { "sa", "san" }, { "sc", "srd" }, { "sd", "snd" }, { "se", "sme" }, { "sg", "sag" }, { "sh", "hbs" }, { "si", "sin" },
  { "sk", "slk", "Slovenčina" }, { "sl", "slv", "Slovenščina" }, { "sm", "smo" }, { "sn", "sna" },
  { "so", "som", "Soomaali" }, { "sq", "sqi", "Shqip" }, { "sr", "srp", "Српски" }, { "ss", "ssw" },
  { "st", "sot" }, { "su", "sun" }, { "sv", "swe", "Svenska" }, { "sw", "swa" }, { "ta", "tam" }, { "te", "tel" },
  { "tg", "tgk" }, { "th", "tha" }, { "ti", "tir", "ትግርኛ" }, { "tk", "tuk" }, { "tl", "tgl" },
  { "tn", "tsn" }, { "to", "ton" }, { "tr", "tur", "Türkçe" }, { "ts", "tso" }, { "tt", "tat" },
  { "tw", "twi" }, { "ty", "tah" }, { "ug", "uig" }, { "uk", "ukr", "Українська" },
  { "ur", "urd", "اردو" }, { "uz", "uzb" }, { "ve", "ven" }, { "vi", "vie" }, { "vo", "vol" },
  { "wa", "wln" }, { "wo", "wol", "Wolof" }, { "xh", "xho" }, { "yi", "yid" }, { "yo", "yor" },
  { "za", "zha" }, { "zh", "zho", "中文" }, { "zu", "zul" },
};

static const guint32 three_letters[26 * 26] = {
  /* a */
  0x2ddedff, 0x3fffbff, 0x3ffbdbb, 0x3df6bfb, 0x3573c1f, 0x21ce5db, 0x3ff7fff, 0x00efdc3, 0x1cbffff, 0x254a141, 0x3ffdffe,
  0x3dffffd, 0x3ffff77, 0x3ffffff, 0x29e3f7f, 0x3ffffff, 0x20ab44c, 0x3ffef9e, 0x3ffeff7, 0x3ffffdf, 0x3dfffcf, 0x03c7d0a,
  0x1fe75d7, 0x0801c52, 0x21feddf, 0x208724b,
  /* b */
  0x1feebff, 0x1ffffff, 0x37fffff, 0x3ffffff, 0x3ffd7ff, 0x3dfffff, 0x3ffef7f, 0x3fffbff, 0x3fbfc7b, 0x3fefff7, 0x3ffffed,
  0x3efffbf, 0x2ffffff, 0x3ffff7f, 0x3fbfff3, 0x3ffffdd, 0x3ffffef, 0x3ffffef, 0x1fffff7, 0x3fff7fd, 0x3fdf7ff, 0x3fbffff,
  0x3dfffff, 0x277ffff, 0x2efffff, 0x3ffffff,
  /* c */
  0x3f7ffff, 0x17f6f4e, 0x002dadc, 0x30673b1, 0x1082c43, 0x0001049, 0x0000445, 0x3cbfeee, 0x142b49f, 0x124f591, 0x3bf7882,
  0x1585f9d, 0x00e7955, 0x0dfcdc7, 0x2f9feff, 0x194e177, 0x0000008, 0x3efffef, 0x3efffff, 0x31cf8dd, 0x1ffcf87, 0x0002040,
  0x008005b, 0x0000000, 0x0004003, 0x0086480,
  /* d */
  0x3f75fdd, 0x17bfb7b, 0x0020004, 0x0466359, 0x227bdfc, 0x0000000, 0x2ce6ddf, 0x0f67948, 0x3d7ffef, 0x052773f, 0x0860441,
  0x0003440, 0x1f65c7f, 0x17a6759, 0x3efedb7, 0x0008000, 0x0000000, 0x11d695f, 0x2016992, 0x11ef58b, 0x3f7fdf7, 0x0000001,
  0x3560401, 0x0000000, 0x110714b, 0x0002851,
  /* e */
  0x0000001, 0x0124444, 0x1060000, 0x0000000, 0x0000010, 0x0000111, 0x1005801, 0x0140000, 0x0288000, 0x0000001, 0x102dd51,
  0x0905590, 0x3d5b553, 0x0f378af, 0x0080000, 0x0000100, 0x0000000, 0x04e45c1, 0x1157dd0, 0x29e6086, 0x0000000, 0x0002090,
  0x0004000, 0x0080000, 0x0004001, 0x0000011,
  /* f */
  0x39abfeb, 0x0000800, 0x0040000, 0x0000000, 0x0020000, 0x0001100, 0x0020000, 0x0000000, 0x05a8831, 0x0000000, 0x0200400,
  0x1022981, 0x0108000, 0x0000142, 0x0063108, 0x0000010, 0x0040000, 0x00fd40c, 0x0040810, 0x0000000, 0x13b33be, 0x0020000,
  0x0000011, 0x0000000, 0x0000000, 0x0000000,
  /* g */
  0x3dfffff, 0x3f7fffb, 0x00a283c, 0x09f7fff, 0x3e51fef, 0x0080400, 0x0580c5b, 0x00e6c95, 0x3dfb9df, 0x0123400, 0x010e019,
  0x1524e8e, 0x3b238cb, 0x25b7fdf, 0x3ffffff, 0x0002011, 0x0122101, 0x3ff53cf, 0x044f850, 0x0100001, 0x2dffdff, 0x106fa35,
  0x0da337f, 0x0800000, 0x302797b, 0x0002101,
  /* h */
  0x3e7ffff, 0x0106003, 0x0000081, 0x1042000, 0x00011c9, 0x0000000, 0x0401000, 0x1020100, 0x0ca5feb, 0x0000100, 0x0042491,
  0x018001b, 0x37fbfff, 0x01463d9, 0x36edb9f, 0x0044000, 0x0000000, 0x2d8d415, 0x0042882, 0x0944100, 0x3ffdffe, 0x0202414,
  0x0004005, 0x0000000, 0x0400001, 0x0000000,
  /* i */
  0x0022100, 0x11238db, 0x0020881, 0x01e011f, 0x0000000, 0x1101433, 0x0447852, 0x0408102, 0x0002000, 0x0046214, 0x2eecd10,
  0x034d543, 0x10e6901, 0x20cfad6, 0x0520000, 0x0004100, 0x0500000, 0x1926591, 0x01a75dd, 0x3ee5d1a, 0x0001000, 0x0200002,
  0x0045400, 0x0000804, 0x0804001, 0x2020080,
  /* j */
  0x39d7ebf, 0x05a7710, 0x00c0000, 0x0080041, 0x01a2d92, 0x0000000, 0x0004412, 0x0040100, 0x13959df, 0x0020010, 0x016d001,
  0x0040010, 0x0c6290f, 0x0040b49, 0x046004a, 0x0020001, 0x0020000, 0x01a0003, 0x0000800, 0x0000000, 0x15efd8f, 0x0002008,
  0x0000100, 0x0000000, 0x1000011, 0x0000000,
  /* k */
  0x1e3d7ff, 0x3ffffdf, 0x3ffffff, 0x3dbbffd, 0x3ffffff, 0x3ffffff, 0x1ffff73, 0x3ffefff, 0x3fddbff, 0x3bfffdf, 0x3ffffff,
  0x3ffffff, 0x3ffffff, 0x3ffff7f, 0x37dcdfd, 0x3ff7fff, 0x3ffffff, 0x3feefbf, 0x3ffffff, 0x3fdffff, 0x3fdfffe, 0x3fbffff,
  0x3feffff, 0x3eff7af, 0x3ffffff, 0x3f7fd7f,
  /* l */
  0x3d7bbff, 0x3ff7f76, 0x00598bc, 0x001ffcb, 0x3ffffbf, 0x0002001, 0x21b7dc3, 0x01cb981, 0x3f7ceff, 0x0c08911, 0x11e7b9f,
  0x095bfff, 0x1f3efff, 0x2543bcb, 0x3fffff7, 0x0806011, 0x0020000, 0x22a7d55, 0x16ef99f, 0x01461c4, 0x37fff3d, 0x0140501,
  0x05c58d1, 0x0001000, 0x0002041, 0x2002880,
  /* m */
  0x2fdb77b, 0x3ffffbf, 0x3ffffff, 0x3ffbfff, 0x37fffbf, 0x3ffffff, 0x37fffff, 0x3dfff7f, 0x3dfffff, 0x3ffffde, 0x3fffff7,
  0x2f7ffb7, 0x3fbffff, 0x3f7ffff, 0x3ffd7dd, 0x3ffffdf, 0x3fffff7, 0x3fffeff, 0x3f7fffe, 0x1ffffff, 0x3bfffdf, 0x3ffedfb,
  0x27ffdf7, 0x3ffffff, 0x3f6fef6, 0x3ffffdf,
  /* n */
  0x3cffff7, 0x17ff7df, 0x29f7fff, 0x3ffbfef, 0x3ff77ff, 0x0120809, 0x3ffbfdf, 0x3fbf5ff, 0x3ff7fff, 0x39e7b8b, 0x2fff7ff,
  0x3f15f55, 0x3ffffff, 0x37bbfff, 0x37dbffd, 0x19469c3, 0x1097c40, 0x29abd77, 0x3fffdff, 0x3d2d758, 0x3ffffff, 0x0005080,
  0x1c25157, 0x0837d59, 0x1fffffe, 0x314150b,
  /* o */
  0x0220005, 0x01a5d00, 0x0105081, 0x0180401, 0x0000000, 0x0144000, 0x0104056, 0x0180000, 0x0002011, 0x0648046, 0x2b67fdf,
  0x01a5419, 0x1daed47, 0x0dee753, 0x0062048, 0x1085401, 0x0000000, 0x3fe60d5, 0x098e105, 0x3df7d1b, 0x0001113, 0x0000008,
  0x0000900, 0x0000000, 0x100100a, 0x0001000,
  /* p */
  0x3f7ddff, 0x13ef9f6, 0x040bfff, 0x0186105, 0x3a5dffb, 0x0000811, 0x2142d49, 0x07b7fc9, 0x3fefaff, 0x0080000, 0x01ee0c7,
  0x37f6edf, 0x3cf7fbb, 0x3ffffdf, 0x1edf5f4, 0x01dfd10, 0x0001001, 0x2dffdfd, 0x15ff9dd, 0x17be181, 0x1dbd37f, 0x0000000,
  0x0427143, 0x0001000, 0x1943010, 0x0002080,
  /* q */
  0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff,
  0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3e7bdef, 0x344fb95,
  0x00c1085, 0x05fe885, 0x0008001, 0x0000000,
  /* r */
  0x3ffffef, 0x0008c02, 0x0000020, 0x0000002, 0x10e3b53, 0x0000000, 0x0162411, 0x0008040, 0x01a3823, 0x0040140, 0x0481183,
  0x0000000, 0x3fdfdff, 0x042a84a, 0x052d87f, 0x0082000, 0x0000000, 0x0084100, 0x0003c02, 0x0441084, 0x319c5f6, 0x0000000,
  0x0025c01, 0x0400008, 0x0142000, 0x0000080,
  /* s */
  0x3ff5fbf, 0x3ffffff, 0x0fdedf2, 0x29feef7, 0x37fffff, 0x0441012, 0x3deb7df, 0x3ffffdf, 0x3ffdffb, 0x05efc5b, 0x3fff3ff,
  0x3dfbbfd, 0x3ffbfe7, 0x3f7ff74, 0x3f7efdf, 0x1bffd5e, 0x09f7481, 0x3ff7df7, 0x3bfffff, 0x17ffffb, 0x3ef4757, 0x0841417,
  0x1ffffe6, 0x0567c56, 0x1c67d07, 0x164a85f,
  /* t */
  0x3f7ef7f, 0x3fefffd, 0x3ddfdff, 0x1af7fff, 0x3fff5ff, 0x00a6100, 0x3ffe3bf, 0x33fbdb8, 0x3fdffe5, 0x054fb41, 0x2ffb87b,
  0x1bfffef, 0x37f7fff, 0x3fffdcf, 0x3f7dfee, 0x3fbff75, 0x05bf802, 0x3fffbff, 0x3ff9fdf, 0x37fffff, 0x3bdfbff, 0x1dc7c19,
  0x1dbf8ff, 0x19f73d7, 0x3beab91, 0x0807a81,
  /* u */
  0x0023000, 0x1120901, 0x0000000, 0x0101b51, 0x0040000, 0x0000100, 0x1006093, 0x0002001, 0x0240000, 0x0000100, 0x1758dc1,
  0x0503d37, 0x016f14f, 0x2923559, 0x0002000, 0x0200100, 0x0000000, 0x3fafdf7, 0x0148581, 0x0128091, 0x0121000, 0x0000890,
  0x0000001, 0x0000000, 0x0000001, 0x0042000,
  /* v */
  0x136fbf1, 0x0000402, 0x0000000, 0x0000000, 0x002d80c, 0x0000000, 0x00a0000, 0x0000000, 0x02c286c, 0x0000000, 0x218fe01,
  0x0048000, 0x3f79fff, 0x0009400, 0x00a0000, 0x0000000, 0x0000000, 0x00c4001, 0x0200900, 0x0004000, 0x0083000, 0x0000000,
  0x0000001, 0x0000000, 0x0000000, 0x0000000,
  /* w */
  0x3ffffff, 0x06f9fb3, 0x0000101, 0x1180648, 0x05ef1cd, 0x0000040, 0x1104143, 0x0100441, 0x1323ff6, 0x0000101, 0x152080b,
  0x1f65dd5, 0x0cc71df, 0x150f55e, 0x146757f, 0x0000004, 0x0000000, 0x3f6fdc2, 0x0360541, 0x04015a0, 0x1ba388b, 0x0000000,
  0x0424003, 0x0400001, 0x1023102, 0x0000000,
  /* x */
  0x17fff5f, 0x142f35e, 0x17a78d6, 0x1015405, 0x01e984a, 0x0000001, 0x052196b, 0x03a101d, 0x1262902, 0x0080002, 0x3ffef7f,
  0x114e15f, 0x3fffeff, 0x31f77c3, 0x042f54c, 0x3ffffff, 0x0080001, 0x05a315b, 0x137fb9f, 0x17ffbdf, 0x01afa4b, 0x0046110,
  0x04a4e5d, 0x00a1402, 0x1080e03, 0x0009080,
  /* y */
  0x3ffffff, 0x1807f93, 0x000a880, 0x0000459, 0x13e0b15, 0x0000000, 0x0569901, 0x0040809, 0x2bfbfe1, 0x0000000, 0x11a7d41,
  0x1127953, 0x287fdde, 0x0156c59, 0x1883d42, 0x200f4c3, 0x0000000, 0x1447c13, 0x106f84c, 0x1408801, 0x3cbbf7f, 0x0080001,
  0x05b2841, 0x1101841, 0x2120000, 0x0000440,
  /* z */
  0x3ffdfff, 0x0580815, 0x0000089, 0x0000200, 0x00020c1, 0x0000000, 0x0023083, 0x040210a, 0x2403c03, 0x0000000, 0x23ae4cb,
  0x0013201, 0x3ffffff, 0x0040459, 0x0075084, 0x3ffffff, 0x0000010, 0x004e041, 0x0121c01, 0x19db850, 0x1003081, 0x0000000,
  0x0000001, 0x0800000, 0x000a242, 0x0000201,
};
/* clang-format on */

static int
compare_cb (const void *key, const void *element)
{
  return strncmp (key, element, 2);
}

/* Its row, found by the first two of its letters; %NULL when it has none. */
static const struct Language *
find (const char *two)
{
  return bsearch (two, languages, G_N_ELEMENTS (languages), sizeof languages[0], compare_cb);
}

/* Whether the first @length letters of @text are a language's code; they are a-z. */
static gboolean
is_known (const char *text, gsize length)
{
  if (length == 2)
    return find (text) != NULL;
  return length == 3 && (three_letters[(text[0] - 'a') * 26 + text[1] - 'a'] >> (text[2] - 'a') & 1) != 0;
}

static gboolean
is_made_of (const char *text, gsize length, const char *letters)
{
  return strspn (text, letters) >= length;
}

/* RFC 5646 §2.1: language, script, region, variants, in this order and each once, as far as they make sense
 * for the sound of a hall: extensions and private parts do not. */
gboolean
regia_language_is_known (const char *text)
{
  enum { SCRIPT, REGION, VARIANT } next = SCRIPT;
  gsize length = strcspn (text, "-");

  if (strlen (text) > 35 || length < 2 || !is_made_of (text, length, G_CSET_a_2_z) ||
      !is_known (text, length))
    return FALSE;
  for (text += length; *text != '\0'; text += length) {
    text++;
    length = strcspn (text, "-");
    if (length == 4 && next <= SCRIPT && is_made_of (text, length, G_CSET_a_2_z G_CSET_A_2_Z))
      next = REGION;
    else if (next <= REGION && ((length == 2 && is_made_of (text, length, G_CSET_a_2_z G_CSET_A_2_Z)) ||
                                (length == 3 && is_made_of (text, length, G_CSET_DIGITS))))
      next = VARIANT;
    else if (is_made_of (text, length, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS) &&
             ((length >= 5 && length <= 8) || (length == 4 && g_ascii_isdigit (text[0]))))
      next = VARIANT;
    else
      return FALSE;
  }
  return TRUE;
}

const char *
regia_language_three_letters (const char *tag)
{
  const struct Language *found;
  char primary[4] = "";

  for (guint i = 0; i < 3 && tag != NULL && g_ascii_isalpha (tag[i]); i++)
    primary[i] = g_ascii_tolower (tag[i]);
  if (strlen (primary) == 3)
    return g_ascii_isalpha (tag[3]) ? "und" : g_intern_string (primary);
  found = strlen (primary) == 2 ? find (primary) : NULL;
  return found != NULL ? found->three : "und";
}

char *
regia_language_title (const char *tag)
{
  g_autofree char *lower = g_ascii_strdown (tag, -1);
  const struct Language *found = strspn (lower, G_CSET_a_2_z) == 2 ? find (lower) : NULL;

  return g_strdup (found != NULL && found->title != NULL ? found->title : tag);
}
