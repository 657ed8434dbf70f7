/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "regia-director"

#include "alarms-private.h"

/*
 * All that alarms say, in the languages of those who read it. {about} is the source, language, rendition or
 * relay that it is about, {value} what it was like when it was raised.
 */

typedef struct {
  const char *text, *remedy;
} Words;

typedef struct {
  const char *name;
  gboolean critical;
  Words words[REGIA_ALARM_LANGUAGES];
} Kind;

static const Kind kinds[REGIA_ALARM_KINDS] = {
    [REGIA_ALARM_PROGRAMME] =
        {"programme",
         TRUE,
         {{"There is no programme: the engine does not answer.",
           "It is started again by itself. If this lasts, read the log: journalctl -u regia."},
          {"Non c’è programma: il motore non risponde.",
           "Viene riavviato da solo. Se dura, leggere il registro: journalctl -u regia."}}},
    [REGIA_ALARM_RECORDING] =
        {"recording",
         TRUE,
         {{"Nothing is being recorded: {value}.",
           "Make room on the disk, or put back the disk that is missing; recording goes on by itself. Until "
           "then start another recorder, if there is one."},
          {"Non si sta registrando: {value}.",
           "Liberare spazio sul disco o ricollegare il disco che manca; la registrazione riprende da sola. "
           "Nel frattempo avviare un altro registratore, se c’è."}}},
    [REGIA_ALARM_VIEWERS] =
        {"viewers",
         TRUE,
         {{"Viewers cannot watch: their server does not answer.",
           "It is started again by itself; the recording goes on. If this lasts, read the log: journalctl -u "
           "regia."},
          {"Il pubblico non può vedere: il suo server non risponde.",
           "Viene riavviato da solo; la registrazione continua. Se dura, leggere il registro: journalctl -u "
           "regia."}}},
    [REGIA_ALARM_SOURCE_LOST] =
        {"source-lost",
         TRUE,
         {{"{about} has gone: {value}.",
           "Look at its power, its cable and its network, and switch to another scene meanwhile. It comes "
           "back by itself."},
          {"{about} non c’è più: {value}.",
           "Controllare alimentazione, cavo e rete, e intanto passare a un’altra scena. Torna da sola."}}},
    [REGIA_ALARM_MUTED] = {"muted",
                           TRUE,
                           {{"Viewers of the language \"{about}\" hear nothing: each of its sources is muted "
                             "or its fader is down.",
                             "Bring a fader up or take a mute away."},
                            {"Chi ascolta la lingua «{about}» non sente nulla: ogni sua sorgente è muta o ha "
                             "il cursore abbassato.",
                             "Alzare un cursore o togliere un muto."}}},
    [REGIA_ALARM_BLACK] =
        {"black",
         FALSE,
         {{"The picture of {about} is black.",
           "Look whether its lens is covered, and whether what feeds it is switched on and sends a picture."},
          {"L’immagine di {about} è nera.",
           "Controllare che l’obiettivo non sia coperto e che ciò che la alimenta sia acceso e mandi "
           "un’immagine."}}},
    [REGIA_ALARM_FROZEN] =
        {"frozen",
         FALSE,
         {{"The picture of {about} stands still.",
           "Look at the camera; switch it off and on if it has hung. If it may stand still, as slides do, "
           "write no_alarms = frozen in its group of the hall file."},
          {"L’immagine di {about} è ferma.",
           "Controllare la telecamera; se è bloccata, spegnerla e riaccenderla. Se può restare ferma, come "
           "le "
           "diapositive, scrivere no_alarms = frozen nel suo gruppo del file di sala."}}},
    [REGIA_ALARM_SILENCE] =
        {"silence",
         FALSE,
         {{"{about} is silent: not above {value}.",
           "Look whether the microphone is on and its channel open on the desk, and whether the cable is in. "
           "If it may be silent, as a booth may, write no_alarms = silence in its group of the hall file."},
          {"{about} è in silenzio: non supera {value}.",
           "Controllare che il microfono sia acceso, il suo canale aperto sul mixer e il cavo collegato. Se "
           "può tacere, come una cabina, scrivere no_alarms = silence nel suo gruppo del file di sala."}}},
    [REGIA_ALARM_CLIPPING] =
        {"clipping",
         FALSE,
         {{"{about} is too loud: it clips, {value} times in 10 s.",
           "Turn it down at the desk, before it comes here: what is cut off cannot be mended later."},
          {"{about} è troppo forte: satura, {value} volte in 10 s.",
           "Abbassare sul mixer, prima che arrivi qui: ciò che è tagliato non si recupera."}}},
    [REGIA_ALARM_CHANNEL_DEAD] =
        {"channel-dead",
         FALSE,
         {{"One of the two channels of {about} is dead ({value}).",
           "Look at the cable and at the desk's outputs; or take the other one for both sides: channels = in "
           "its group of the hall file."},
          {"Uno dei due canali di {about} è morto ({value}).",
           "Controllare il cavo e le uscite del mixer; oppure prendere l’altro per i due lati: channels = "
           "nel "
           "suo gruppo del file di sala."}}},
    [REGIA_ALARM_OUT_OF_PHASE] =
        {"out-of-phase",
         FALSE,
         {{"Left and right of {about} are out of phase: whoever listens in mono hears hardly anything.",
           "Look for a cable with its wires crossed, or a phase switch (Ø) on the desk; meanwhile take one "
           "channel for both sides."},
          {"Sinistro e destro di {about} sono in controfase: chi ascolta in mono non sente quasi nulla.",
           "Cercare un cavo con i fili invertiti o un tasto di fase (Ø) sul mixer; intanto prendere un "
           "canale "
           "per i due lati."}}},
    [REGIA_ALARM_CHANNELS_EQUAL] =
        {"channels-equal",
         FALSE,
         {{"Left and right of {about} are the same.",
           "Look whether the desk's output is set to stereo, and whether both cables are those that are "
           "meant."},
          {"Sinistro e destro di {about} sono uguali.",
           "Controllare che l’uscita del mixer sia stereo e che i due cavi siano quelli giusti."}}},
    [REGIA_ALARM_DRIFT] =
        {"drift",
         FALSE,
         {{"The clock of {about} is off by {value}; what comes of it is brought into step.",
           "Nothing is lost yet. Let desk and converters run by one clock, or look for a wrong sample rate "
           "(44.1 kHz against 48 kHz)."},
          {"L’orologio di {about} è fuori di {value}; ciò che arriva viene riportato al passo.",
           "Per ora nulla va perso. Far andare mixer e convertitori con un solo orologio, o cercare una "
           "frequenza di campionamento sbagliata (44,1 kHz contro 48 kHz)."}}},
    [REGIA_ALARM_APART] = {"apart",
                           FALSE,
                           {{"Sound and picture of {about} have come apart ({value}).",
                             "Watch a speaker's lips. Restart the camera, or take the sound from the desk "
                             "instead; look whether it "
                             "sends sound at another rate than it says (44.1 kHz against 48 kHz)."},
                            {"Suono e immagine di {about} non vanno più insieme ({value}).",
                             "Guardare le labbra di chi parla. Riavviare la telecamera, o prendere l’audio "
                             "dal mixer; controllare "
                             "che mandi l’audio alla frequenza che dichiara (44,1 kHz contro 48 kHz)."}}},
    [REGIA_ALARM_BACKUP] =
        {"backup",
         FALSE,
         {{"The language \"{about}\" is heard by its backup: {value}.",
           "None of its own sources is heard: look at the desk, its cable and its sound server. When one is "
           "heard again the backup goes by itself."},
          {"La lingua «{about}» si sente dalla riserva: {value}.",
           "Nessuna delle sue sorgenti si sente: controllare il mixer, il cavo e il server audio. Quando una "
           "si sente di nuovo la riserva esce da sola."}}},
    [REGIA_ALARM_BACKUP_SCENE] =
        {"backup-scene",
         FALSE,
         {{"The scene {about} is not shown; its backup is in its place: {value}.",
           "Look at the source that is named; once its picture is well the scene comes back by itself. "
           "Choose the scene again to show it as it is, or another one."},
          {"La scena {about} non è in onda; al suo posto c’è la riserva: {value}.",
           "Controllare la sorgente indicata; quando la sua immagine torna buona la scena rientra da sola. "
           "Scegliere di nuovo la scena per mostrarla com’è, o sceglierne un’altra."}}},
    [REGIA_ALARM_BEHIND] =
        {"behind",
         FALSE,
         {{"This computer is too slow: pictures of the programme are lost{value}.",
           "End other programs on it; for the next event choose a faster preset, a smaller size or fewer "
           "renditions."},
          {"Questo computer è troppo lento: si perdono immagini del programma{value}.",
           "Chiudere altri programmi; per il prossimo evento scegliere un preset più veloce, una misura più "
           "piccola o meno versioni."}}},
    [REGIA_ALARM_SHED] =
        {"shed",
         FALSE,
         {{"This computer is too slow: rendition {about} is not made for now{value}.",
           "Recording and sound are whole, and it is tried again by itself. End other programs; for the next "
           "event choose a faster preset or fewer renditions."},
          {"Questo computer è troppo lento: la versione {about} per ora non si fa{value}.",
           "Registrazione e suono sono interi, e si riprova da soli. Chiudere altri programmi; per il "
           "prossimo evento scegliere un preset più veloce o meno versioni."}}},
    [REGIA_ALARM_RELAY_LOST] =
        {"relay-lost",
         FALSE,
         {{"Relay {about} does not get through{value}.",
           "It tries again by itself. Look at the network, and on the platform whether the broadcast is open "
           "and its key the same."},
          {"Il rilancio {about} non passa{value}.",
           "Riprova da solo. Controllare la rete e, sulla piattaforma, che la diretta sia aperta e la chiave "
           "la stessa."}}},
    [REGIA_ALARM_DISK] =
        {"disk",
         FALSE,
         {{"The disk will be full in {value}.",
           "Remove recordings that were copied elsewhere. At the reserve the recording stops cleanly, and "
           "goes on when there is room."},
          {"Il disco sarà pieno fra {value}.",
           "Togliere registrazioni già copiate altrove. Arrivata alla riserva la registrazione si ferma in "
           "ordine, e riprende quando c’è posto."}}},
    [REGIA_ALARM_HOT] =
        {"hot",
         FALSE,
         {{"This computer is hot: {value}.",
           "Free its vents, move it out of the sun, look at its fans; it slows down by itself when it gets "
           "hotter, and then frames are lost."},
          {"Questo computer è caldo: {value}.",
           "Liberare le prese d’aria, toglierlo dal sole, controllare le ventole; se si scalda ancora "
           "rallenta da solo, e si perdono immagini."}}},
};

const char *
regia_alarm_kind_to_string (RegiaAlarmKind kind)
{
  g_return_val_if_fail ((guint)kind < REGIA_ALARM_KINDS, "");
  return kinds[kind].name;
}

gboolean
regia_alarm_kind_parse (const char *text, RegiaAlarmKind *ret_kind)
{
  for (guint i = 0; i < REGIA_ALARM_KINDS; i++)
    if (g_str_equal (kinds[i].name, text)) {
      *ret_kind = (RegiaAlarmKind)i;
      return TRUE;
    }
  return FALSE;
}

const char *
regia_alarm_severity (RegiaAlarmKind kind)
{
  g_return_val_if_fail ((guint)kind < REGIA_ALARM_KINDS, "");
  return kinds[kind].critical ? "critical" : "warning";
}

static char *
fill (const char *words, const RegiaAlarm *alarm)
{
  GString *text = g_string_new (NULL);

  for (const char *p = words; *p != '\0';) {
    if (g_str_has_prefix (p, "{about}")) {
      g_string_append (text, alarm->about);
      p += strlen ("{about}");
    } else if (g_str_has_prefix (p, "{value}")) {
      g_string_append (text, alarm->value);
      p += strlen ("{value}");
    } else {
      g_string_append_c (text, *p++);
    }
  }
  return g_string_free (text, FALSE);
}

char *
regia_alarm_text (const RegiaAlarm *alarm, RegiaAlarmLanguage language)
{
  return fill (kinds[alarm->kind].words[language].text, alarm);
}

char *
regia_alarm_remedy (const RegiaAlarm *alarm, RegiaAlarmLanguage language)
{
  return fill (kinds[alarm->kind].words[language].remedy, alarm);
}
