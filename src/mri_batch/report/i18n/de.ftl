# What mri-batch says, in German. The conventions stand at the head of en.ftl.
# A no-break space (U+00A0) stands between a number and its unit or percent sign.

language_name = Deutsch


## Every page

ruo = Nur für Forschungszwecke; kein Medizinprodukt
skip = Zum Inhalt springen
work_list = Arbeitsliste
study_report = Studienbericht
explanations = Erklärungen
language = Sprache
theme = Hell / dunkel
help = Hilfe und Tasten
close = Schließen
single_keys = Tastenkürzel mit einer Taste
no_script = Skripte sind ausgeschaltet: Die Schlüsselschichten erscheinen als Standbilder. Alles andere auf dieser Seite ist lesbar.
yes = ja
none = keine
all = alle


## What the model says

model_output = Modellausgabe
says = Ausgabe des Modells: { $label }
abstains = Das Modell enthält sich: Seine Ausgabe sollte für diese Studie nicht verwendet werden
highest = Höchster Wert: { $label }
probability = Kalibrierte Wahrscheinlichkeit
probability_plain = Wahrscheinlichkeit (nicht kalibriert)
rests_on = Worauf sie beruht
rests_on_one = { $probability }: Schicht { $slices } von { $total }
rests_on_several = { $probability }: der Mittelwert der Schichten { $slices } von { $total }
slices_from_to = { $first } bis { $last }
set = Klassen, die plausibel bleiben
set_at = Klassen, die plausibel bleiben (höchstens { $share } solcher Mengen verfehlen die wahre Klasse)
verdict = Urteil
verdict_report = verwertbar
verdict_caution = Vorsicht
verdict_abstain = Enthaltung
status = Status
status_done = fertig
status_skipped = übersprungen
status_failed = fehlgeschlagen
reasons = Warum
not_done_skipped = Diese Studie wurde übersprungen: Es gibt keine Modellausgabe
not_done_failed = Diese Studie ist fehlgeschlagen: Es gibt keine Modellausgabe
code = Code
reason = Grund
code_help = docs/reference/errors.md erklärt jeden Code und was zu tun ist.


## Files

files = Dateien
file = Datei
files_counts = { $found } gefunden: { $used } verwendet, { $skipped } übersprungen, { $failed } fehlgeschlagen
files_failed = { $n ->
    [one] { $n } Datei konnte nicht gelesen werden
   *[other] { $n } Dateien konnten nicht gelesen werden
}
files_skipped = { $n ->
    [one] { $n } Datei wurde übersprungen
   *[other] { $n } Dateien wurden übersprungen
}
files_more = { $n ->
    [one] und { $n } weitere; alle stehen in files.csv
   *[other] und { $n } weitere; alle stehen in files.csv
}


## Viewer

viewer = Schichten
stage = Schichtbild; Mausrad oder Pfeiltasten blättern, Ziehen ändert Fensterbreite und Fensterlage
series = Serie
slice = Schicht
slice_of = Schicht { $n } von { $total }
frame = Einzelbild { $n }
key_slice = Schlüsselschicht
shown_of = { $n ->
    [one] { $n } von { $total } Schichten ist auf dieser Seite; hohle Balken stehen für die übrigen
   *[other] { $n } von { $total } Schichten sind auf dieser Seite; hohle Balken stehen für die übrigen
}
strip = Wahrscheinlichkeit der Klasse „{ $label }“, Schicht für Schicht
strip_shaded = Schattiert: die Schichten, auf denen die Ausgabe beruht.
strip_class = Balken zeigen
previous_key = Vorherige Schlüsselschicht
next_key = Nächste Schlüsselschicht
heat = Heatmap
overlay = Überlagerung
contour = Nur Kontur
smooth = Glätten
peak = Maximum markieren
method = Methode
class = Klasse
class_any = an keine Klasse gebunden
class_of = erklärt die Klasse „{ $label }“
layer = Ebene
head = Kopf
all_layers = alle
layer_head = Ebene { $layer }, Kopf { $head }
heads_scale = die Skala endet beim größten Gewicht der Ebene auf dieser Schicht
heads_note = { $heads ->
    [one] Attention des Klassentokens: Ebenen { $first } bis { $last }, je { $heads } Kopf; „alle“ ist ihr Mittelwert.
   *[other] Attention des Klassentokens: Ebenen { $first } bis { $last }, je { $heads } Köpfe; „alle“ ist ihr Mittelwert.
}
opacity = Deckkraft
threshold = Schwelle
window = Fensterbreite
level = Fensterlage
reset = Zurücksetzen
no_heat = Keine Heatmap auf dieser Schicht: Heatmaps werden nur für Schlüsselschichten berechnet.
no_heat_at_all = Es wurde keine Heatmap angefordert, oder keine konnte berechnet werden.
bar = Farbskala: 0 bis { $max }, fest für dieses Modell und diese Methode.
bar_layer = Farbskala: 0 bis { $max }, das größte Gewicht der Ebene auf dieser Schicht.
bar_signed = Farbskala: von { $max } gegen die Klasse bis { $max } für sie, fest für dieses Modell und diese Methode.
bar_clipped = Diese Heatmap erreicht { $max }; Werte über der Skala erscheinen in der letzten Farbe.
exact = volle Tiefe
rounded = auf ±{ $error } gerundet
reduced = gezeigt mit { $shown } von { $full }
value = Zeile { NUMBER($row, useGrouping: 0) }, Spalte { NUMBER($col, useGrouping: 0) }: { $value }


## Captions

key_slices = Schlüsselschichten
key_slices_note = Von den entscheidenden Schichten: diejenigen, die am stärksten für die Klasse ihrer Serie sprechen oder, wenn diese für „kein Befund“ steht, die auffälligsten. Links: die Schicht; rechts: die Schicht mit der Heatmap der ersten Methode. Die Heatmap zeigt, worauf sich die Modellausgabe stützt, nicht, wo ein Befund liegt.
still_alt = Schlüsselschicht { $n }, ohne und mit Heatmap
heat_alt = Heatmap: { $what }
open_slice = In der Ansicht zeigen
grid = native Auflösung { $rows } × { $cols }
scale = Skala 0 bis { $max }
peak_at = Maximum in Zeile { NUMBER($row, useGrouping: 0) }, Spalte { NUMBER($col, useGrouping: 0) }
faithful = { $n ->
    [one] Treue { $score } (0 = Zufall; p = { $p }, { $n } zufällige Reihenfolge)
   *[other] Treue { $score } (0 = Zufall; p = { $p }, { $n } zufällige Reihenfolgen)
}
chance = Auf dieser Schicht nicht besser als der Zufall: diese Heatmap nicht deuten
better = besser als der Zufall
untested = Treue auf dieser Schicht nicht geprüft
validation_passed = Für dieses Modell hat die Methode ihre Treueprüfungen bestanden.
validation_failed = Für dieses Modell hat die Methode ihre Treueprüfungen NICHT bestanden.
validation_untested = Für dieses Modell ist die Treue der Methode nicht geprüft.
other_maps = { $n ->
    [one] { $n } weitere Heatmap
   *[other] { $n } weitere Heatmaps
}
prepared = Schicht { $n }, wie das Modell sie sah
prepared_short = wie das Modell sie sah
explained_class = Erklärte Klasse: { $label }
methods = Methoden
passes = { $n ->
    [one] { $n } Durchlauf
   *[other] { $n } Durchläufe
}
layers_and_heads = Alle Ebenen und Köpfe


## Quality

quality = Qualität der Eingaben
series_used = Verwendete Serien
slices = Schichten
modality = Modalität
why_used = Warum sie verwendet wurde
facts = Aufnahme
notes = Anmerkungen zu den Bildern
no_notes = Zu den Bildern gibt es keine Anmerkungen.
fact_role = Rolle
fact_series_number = Seriennummer
fact_body_part = Körperregion
fact_weighting = Wichtung
fact_contrast = Kontrastmittel
fact_plane = Schnittebene
fact_slice_spacing = Schichtabstand
fact_frames = Einzelbilder
role_localizer = Localizer
role_derived = berechnete Karte
role_capture = Sekundäraufnahme
role_phase = Phasenbild oder komplexes Bild
role_field_map = Feldkarte
role_diffusion = rohe Diffusion
role_perfusion = rohe Perfusion
role_time_series = Zeitreihe
role_echo_planar = rohes Echoplanar
role_no_image = kein Bild


## Model

model = Modell
intended_use = Verwendungszweck
limits = Grenzen
classes = Klassen
metrics = Kennzahlen aus der Modellkarte
calibration = Kalibrierung
calibration_temperature = Temperatur { $temperature }, angepasst an { $data }
calibration_none = keine
licence = Lizenz


## Provenance

provenance = Herkunft
study_id = Studienkennung
source = Quelle
digest = Prüfsumme des Modells (SHA-256)
key = Ergebnisschlüssel
timings = Dauer
made_by = Erstellt mit
download = result.json speichern


## Feedback

feedback = Ihre Einschätzung
feedback_note = Nur in diesem Browser gespeichert; die Arbeitsliste sichert alles in einer Datei.
agree = einverstanden
disagree = nicht einverstanden
unsure = unsicher
note = Anmerkung
save_feedback = Einschätzungen speichern
feedback_count = Beantwortet: { $n }
no_storage = Dieser Browser speichert nichts: Sichern Sie, bevor Sie die Seite verlassen.
agreement = Übereinstimmung der Lesenden
agreement_rate = Einverstanden { $agree } von { $sure }, die sicher waren: { $share } (95-%-Intervall { $low } bis { $high })
agreement_none = Zu keiner Studie war jemand sicher
agreement_group = Gruppe
agreement_total = alle
agreement_share = Übereinstimmung


## Work list

studies = Studien
study = Studie
output = Modellausgabe
position = Nr.
picture = Bild
thumb_alt = Schlüsselschicht mit Heatmap
filter = Filter
filter_hint = Wörter aus Name, Ausgabe oder Grund
sort = Reihenfolge
sort_input = wie gefunden
sort_source = Name
sort_label = Ausgabe
sort_probability = Wahrscheinlichkeit
sort_verdict = Urteil
showing = { $first } bis { $last } von { $total }
nothing = Keine Studie passt.
page = Seite { $number }
pages = Seiten
clear = Löschen
filter_first = Alle Studien filtern und sortieren
machine_files = Maschinenlesbare Dateien
order_note = In der gefundenen Reihenfolge: Nach Verdacht sortiert müsste die letzte Person am längsten warten.
totals = { $total ->
    [one] { $total } Studie: { $done } fertig, { $skipped } übersprungen, { $failed } fehlgeschlagen
   *[other] { $total } Studien: { $done } fertig, { $skipped } übersprungen, { $failed } fehlgeschlagen
}


## Keys

k_step = nächste / vorherige Schicht
k_ends = erste / letzte Schicht
k_key = nächste / vorherige Schlüsselschicht
k_suspicious = auffälligste Schicht
k_series = nächste Serie
k_overlay = Überlagerung ein / aus
k_contour = nur Kontur
k_method = nächste Methode
k_window = Fenster schmaler / breiter
k_level = Fensterlage tiefer / höher
k_reset = Fensterbreite und Fensterlage zurücksetzen
k_wheel = Mausrad
k_drag = ziehen
k_double = Doppelklick
k_drag_does = seitwärts: Fensterbreite; auf und ab: Fensterlage
k_theme = hell / dunkel
k_help = diese Hilfe
k_filter = zum Filter
k_rows = nächste / vorherige Studie
k_open = Studie öffnen


## Methods

method_rollout = Attention Rollout
method_attention = Rohe Attention
method_gradient_rollout = Gradientengewichteter Attention Rollout
method_relevance = Attention-Relevanz (Chefer)
method_gradient = Gradient
method_input_x_gradient = Eingabe × Gradient
method_integrated_gradients = Integrierte Gradienten
method_smoothgrad = SmoothGrad
method_guided_backprop = Guided Backpropagation
method_gradcam = Grad-CAM
method_gradcam_pp = Grad-CAM++
method_activations = Merkmalskarten
method_occlusion = Verdeckung
method_rise = RISE
method_lime = LIME
method_kernel_shap = Kernel SHAP
caveat_attention = Attention zeigt, wohin das Modell geschaut hat, nicht, was es daraus geschlossen hat, und ist für jede Klasse gleich.
caveat_relevance = Relevanz folgt der Attention, gewichtet mit dem Gradienten der Klasse; was an der Attention vorbeifließt, zählt nicht.
caveat_gradient = Gradienten zeigen, wo kleine Änderungen die Ausgabe verschieben würden; sie rauschen und folgen Kanten.
caveat_guided = Guided Backpropagation zeichnet Kanten des Bildes nach und hängt wenig davon ab, was das Modell gelernt hat: Das ist kein Beleg.
caveat_cam = Grob: Die Wärme breitet sich über ganze Zellen des Modellrasters aus.
caveat_activations = Merkmalskarten zeigen, wo das Modell überhaupt reagiert, nicht für welche Klasse.
caveat_perturbation = Gemessen durch Abdecken von Bildteilen, was das Modell im Training nie gesehen hat.


## Classes that packages commonly have

label_glioma = Gliom
label_meningioma = Meningeom
label_pituitary = Hypophysentumor
label_no_tumor = kein Tumor
label_notumor = kein Tumor
label_tumor = Tumor
label_normal = normal
label_covid = COVID-19
label_non_covid = kein COVID-19
label_basophil = basophiler Granulozyt
label_eosinophil = eosinophiler Granulozyt
label_erythroblast = Erythroblast
label_ig = unreifer Granulozyt
label_immature_granulocyte = unreifer Granulozyt
label_lymphocyte = Lymphozyt
label_monocyte = Monozyt
label_neutrophil = neutrophiler Granulozyt
label_platelet = Thrombozyt


## Notes: verdicts

GATE_REFUSED = die Bilder ähneln nicht denen, mit denen das Modell trainiert wurde
GATE_CAUTION = die Bilder sind für dieses Modell ungewöhnlich
PROBABILITY_ABSTAIN = keine Klasse erreicht eine Wahrscheinlichkeit von { NUMBER($threshold, minimumFractionDigits: 2) }
PROBABILITY_CAUTION = die Wahrscheinlichkeit liegt unter { NUMBER($threshold, minimumFractionDigits: 2) }
SET_EMPTY = bei der angegebenen Fehlerrate ist keine Klasse plausibel
LABEL_OUTSIDE_SET = die wahrscheinlichste Klasse gehört nicht zu den plausiblen Klassen
SET_SEVERAL = { $n ->
    [one] { $n } Klasse bleibt plausibel
   *[other] { $n } Klassen bleiben plausibel
}
SERIES_DISAGREE = die Serien dieser Studie widersprechen einander
FILES_UNREADABLE = { $n ->
    [one] { $n } von { $total } Dateien konnte nicht gelesen werden
   *[other] { $n } von { $total } Dateien konnten nicht gelesen werden
}


## Notes: slices and series

SLICES_SHOWN = { $n ->
    [one] { $n } von { $total } Schichten wird gezeigt: eine Schlüsselschicht
   *[other] { $n } von { $total } Schichten werden gezeigt: die Schlüsselschichten und eine gleichmäßige Auswahl der übrigen
}
LOSSY_COMPRESSION = verlustbehaftete Kompression hat die Pixel verändert
BURNED_IN_TEXT = laut Header ist Text in das Bild eingebrannt; er kann die Patientin oder den Patienten erkennbar machen
DERIVED_PIXELS = laut Header sind die Bilder abgeleitet, keine Originale
POSITIONS_MISSING = Schichtpositionen fehlen, deshalb sind die Schichten nach ihren Nummern geordnet
SLICES_MISSING = { $n ->
    [one] { $n } Schicht scheint zu fehlen: Die Positionen haben eine Lücke
   *[other] { $n } Schichten scheinen zu fehlen: Die Positionen haben Lücken
}
SLICES_REPEATED = { $n ->
    [one] { $n } Schicht hat dieselbe Position wie eine andere
   *[other] { $n } Schichten haben dieselbe Position wie eine andere
}
VALUES_NOT_FINITE = Pixelwerte, die keine endlichen Zahlen sind, wurden durch den kleinsten oder größten der übrigen ersetzt
RESCALE_UNUSABLE = die Skalierung im Header führt über jeden Messwert hinaus, daher werden die gespeicherten Werte verwendet
SLOPE_ZERO = der Header gibt eine Skalierungssteigung von 0 an, die als 1 gelesen wird
PATIENTS_PARTED = die Header unter einer Studien-UID nennen Personen mit verschiedenem Geburtsdatum oder Geschlecht; jede ist eine eigene Studie
STACKS_PARTED = eine Serien-UID enthält mehrere Schichtstapel; sie unterscheiden sich in { $by }
PICTURE_TURNED = das Bild wird gedreht gezeigt, wie seine Orientierungsangabe verlangt; Zeilen und Spalten sind die des gedrehten Bildes
MOSAIC_TILE = die Schicht ist eine Kachel eines Mosaiks
MOSAIC_WORD_ALONE = der Header nennt das Bild ein Mosaik, enthält aber nichts von einem; es wird als einzelne Schicht gelesen
OFFSETS_WRONG = die Offset-Tabelle passt nicht zu den Frames, daher wurden diese selbst gesucht
FRAMES_DERIVED = der Header nennt keine Anzahl von Frames; die Pixel enthalten { $n }
PIXELS_SURPLUS = die Datei enthält mehr Pixel, als ihr Header angibt; der Überschuss wird nicht verwendet
SERIES_OF_PICTURES = gewöhnliche Bilder enthalten keine Aufnahmedaten, deshalb werden alle verwendet
SERIES_FITS = sie passt zum Modell, soweit es der Header sagt: { $known }
SERIES_UNTOLD = im Header spricht nichts gegen sie
SERIES_OTHER = diese Serie ({ $found }) ist nicht die, für die das Modell bestimmt ist ({ $wanted })
SERIES_OTHERS_FIT = { $misfit }; andere Serien der Studie passen
SERIES_NONE_FITS = { $misfit }; keine Serie der Studie passt besser
SERIES_OTHER_CONTRAST = das Modell ist für Serien bestimmt, die sich von dieser im Kontrastmittel unterscheiden, und die Studie hat solche
SERIES_NO_CONTRAST = das Modell ist nur für Serien mit oder nur für solche ohne Kontrastmittel bestimmt, und von keiner Serie der Studie ist bekannt, dass sie passt
ROLE_LOCALIZER = ein Localizer dient nur zur Planung der anderen Serien
ROLE_CAPTURE = eine Sekundäraufnahme ist ein Bildschirmfoto, kein aufgenommenes Bild
ROLE_DERIVED = das Modell wurde nicht mit berechneten Karten trainiert
ROLE_PHASE = das Modell wurde nicht mit Phasenbildern oder komplexen Bildern trainiert
ROLE_FIELD_MAP = eine Feldkarte dient nur zur Korrektur anderer Serien
ROLE_DIFFUSION = das Modell wurde nicht mit rohen Diffusionsserien trainiert
ROLE_PERFUSION = das Modell wurde nicht mit rohen Perfusionsserien trainiert
ROLE_TIME_SERIES = eine Zeitreihe wiederholt dieselben Schichten, um ein Signal zu messen
ROLE_ECHO_PLANAR = das Modell wurde nicht mit rohen Echoplanarserien trainiert
NO_SLICE = es gibt keine Schicht zum Klassifizieren


## Notes: files

FILE_EMPTY = die Datei ist leer
FILE_TOO_LARGE = { $size_bytes ->
    [one] die Datei hat { $size_bytes } Byte; die Grenze liegt bei { $limit_bytes }
   *[other] die Datei hat { $size_bytes } Byte; die Grenze liegt bei { $limit_bytes }
}
FILE_UNREADABLE = die Datei kann nicht gelesen werden: { $why }
FILE_VANISHED = die Datei verschwand, bevor sie geöffnet wurde
FOLDER_UNREADABLE = der Inhalt des Ordners kann nicht aufgelistet werden: { $why }
FOLDER_LOOP = der Ordner enthält sich selbst
FOLDER_TOO_DEEP = der Ordner liegt mehr als { $limit } Ebenen tief
LINK_DANGLING = der Link führt ins Leere
LINK_LOOP = der Link führt auf sich selbst zurück
LINK_TO_FOLDER = Links auf Ordner werden nicht verfolgt
LINK_TO_FOUND = der Link führt zu einer Datei, die bereits an ihrem eigenen Ort gelesen wird
NOT_A_FILE = eine Pipe, ein Socket oder ein Gerät ist keine Datei
NOT_A_PICTURE = weder DICOM noch PNG, JPEG oder TIFF
NAME_MISLEADS = dem Namen nach ein Bild, dem Inhalt nach keines
SIDE_FILE = eine Begleitdatei von macOS ohne Bild
EARLIER_RESULTS = die Ergebnisse eines früheren Durchlaufs
NOT_DOWNLOADED = ein Platzhalter: Die Datei selbst ist nicht heruntergeladen
FORMAT_NOT_READ = Dateien im Format { $format } werden nicht gelesen
DUPLICATE_CONTENT = derselbe Inhalt wie { $file }
DUPLICATE_RECODED = dieselbe Instanz wie { $file }, anders kodiert
DUPLICATE_PIXELS = dieselben Pixel wie { $file }, nur der Header ist anders
DUPLICATE_UNSOUND = eine Kopie von { $file }, deren Pixel nicht lesbar sind
DUPLICATE_DIFFERS = dieselbe Instanz-UID wie { $file }, aber anderer Inhalt
ALL_FILES_UNREADABLE = { $n ->
    [one] { $n } Datei konnte nicht gelesen werden: { $first }
   *[other] { $n } Dateien konnten nicht gelesen werden; die erste: { $first }
}
PERMISSION_DENIED = Zugriff verweigert
INPUT_ERROR = Ein-/Ausgabefehler


## Notes: headers

HEADER_UNREADABLE = der DICOM-Header kann nicht gelesen werden
TOO_DEEP = die Sequenzen sind zu tief verschachtelt
TOO_MANY_ELEMENTS = { $limit ->
    [one] der Header hat mehr als { $limit } Element
   *[other] der Header hat mehr als { $limit } Elemente
}
DEFLATED_TOO_LARGE = der komprimierte Datensatz wird entpackt größer als { $mib } MiB
MEMORY_EXCEEDED = die Datei braucht mehr Speicher, als vorhanden ist
DICOMDIR = ein DICOMDIR listet nur Dateien auf
CLASS_WITHOUT_PICTURE = { $sop_class }: kein Bild zum Klassifizieren
CLASS_UNKNOWN = ein DICOM-Objekt unbekannter Klasse


## Notes: pixels

PIXELS_MISSING = die Datei endet vor ihren Pixeln
PIXELS_UNDECODABLE = die Pixel können nicht dekodiert werden
VALUES_ALL_NOT_FINITE = kein Pixelwert ist eine endliche Zahl
PIXELS_NOT_PROMISED = laut Header hat das Bild keine Pixel
ATTRIBUTE_MISSING = das Attribut { $name } fehlt oder ist leer
PICTURE_UNDECODABLE = das Bild kann nicht dekodiert werden
PICTURE_TOO_LARGE = laut Header hat das Bild { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } Pixel
PICTURE_HUGE = laut Header hat das Bild mehr Pixel als jede echte Aufnahme
PAGES_TOO_MANY = { $n ->
    [one] die Datei gibt { $n } Seite an
   *[other] die Datei gibt { $n } Seiten an
}
FRAMES_TOO_MANY = { $n ->
    [one] der Header gibt { $n } Einzelbild mit { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } Pixeln an
   *[other] der Header gibt { $n } Einzelbilder mit { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } Pixeln an
}
FRAMES_LOST = { $n ->
    [one] { $n } Einzelbild einer Datei ist unbrauchbar: { $reason }
   *[other] { $n } Einzelbilder einer Datei sind unbrauchbar: { $reason }
}
FRAME_WITHOUT_SIZE = ein komprimiertes Einzelbild nennt seine Größe nicht
FRAME_SIZE_DIFFERS = der Header gibt { $header } an, das komprimierte Einzelbild hat aber { $frame }
FRAME_SIZE = { $samples ->
    [one] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } Pixel mit je { $samples } Abtastwert
   *[other] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } Pixel mit je { $samples } Abtastwerten
}
RUNS_TOO_LONG = die Lauflängen eines Einzelbildes ergeben mehr, als der Header angibt
MOSAIC_UNCOUNTED = ein Mosaik, das nicht angibt, wie viele Schichten es enthält
NO_DECODER = kein Decoder für { $what }
SYNTAX = die Transfersyntax { $name }
SYNTAX_12_BIT = 12-Bit-Abtastwerte in der Transfersyntax { $name }
SYNTAX_UNKNOWN = eine Transfersyntax, die nicht im Standard steht
BITS_PER_SAMPLE = { $bits ->
    [one] { $bits } Bit pro Abtastwert
   *[other] { $bits } Bit pro Abtastwert
}
DECODER_PANICKED = der Decoder ist abgestürzt (Panic)
PICTURE_LAYOUT = diese Art von Bild (Werte je Pixel: { $samples }, Bits je Wert: { $bits })
WITH_DETAIL = { $reason } ({ $detail })


## Notes: studies that were not finished

STUDY_STOPPED = nach { $seconds } s abgebrochen
STUDY_MEMORY = die Studie braucht mehr Speicher, als ein Arbeitsprozess belegen darf
WORKER_DIED = der Arbeitsprozess ist bei dieser Studie abgestürzt ({ $how })
SIGNAL = Signal { $name }
EXIT_CODE = Exit-Code { NUMBER($number, useGrouping: 0) }
CLUSTER_GAVE_UP = der Cluster hat diese Studie aufgegeben ({ $error })
INTERNAL_ERROR = unerwarteter Fehler { $error } in { $file }:{ NUMBER($line, useGrouping: 0) }


## Notes: explanations

SCALE_OF_SERIES = die Skala stammt aus dieser Serie, weil das Modellpaket keine enthält
METHOD_FAILED_VALIDATION = diese Methode hat ihre Treueprüfungen bei diesem Modell nicht bestanden
METHOD_CANNOT_RUN = { $method } läuft mit { $model } nicht: { $reason }
METHOD_EXCLUDED = das Modellpaket schließt diese Methode aus
NO_FEATURE_MAPS = das Modellpaket hat keine Merkmalskarten
NO_ATTENTION = das Modellpaket hat keine Attention-Ausgaben
NO_GRADCAM = das Modellpaket hat keinen Grad-CAM-Graphen
NO_ATTENTION_GRADIENT = das Modellpaket hat keine Attention-Gradienten
NO_GRADIENT = das Modellpaket hat keinen Gradientengraphen
NO_RELU = das Netz hat keine ReLU, und Guided Backpropagation ist nur für ReLU definiert
COMPLETENESS_ERROR = Vollständigkeitsfehler: { NUMBER($share, style: "percent", maximumFractionDigits: 1) } der Änderung des Scores
PANEL_HEAD = Ebene { $layer }, Kopf { $head }
PANEL_STAGE = Stufe { $stage }


## Notes: DICOM results

DICOM_SOURCE_NOT_DICOM = keine DICOM-Ergebnisse: Die Quelle ist nicht DICOM
DICOM_SOURCE_UNREADABLE = keine DICOM-Ergebnisse: Eine Quelldatei konnte nicht erneut gelesen werden ({ $error })
DICOM_NO_KEY_SLICE = keine DICOM-Ergebnisse: Die Studie hat keine Schlüsselschicht
DICOM_NO_DATE = keine DICOM-Ergebnisse: Die Studie hat kein Datum
DICOM_NO_HEAT = { $output ->
    [sr] kein Structured Report: Es gibt keine Heatmap
    [sc] keine Sekundäraufnahme: Es gibt keine Heatmap
    [pm] keine parametrische Karte: Es gibt keine Heatmap
   *[other] kein DICOM { $output }: Es gibt keine Heatmap
}
DICOM_HEADER_REFUSED = { $output ->
    [sr] kein Structured Report: Der Header der Quelle lässt ihn nicht zu ({ $error })
    [sc] keine Sekundäraufnahme: Der Header der Quelle lässt sie nicht zu ({ $error })
    [pm] keine parametrische Karte: Der Header der Quelle lässt sie nicht zu ({ $error })
   *[other] kein DICOM { $output }: Der Header der Quelle lässt es nicht zu ({ $error })
}
PM_NO_PLACE = keine parametrische Karte: Der Quelle fehlt Position, Orientierung oder Pixelabstand
PM_NO_FRAME_OF_REFERENCE = keine parametrische Karte: Die Quelle hat kein Bezugssystem (Frame of Reference)


## Hints: what to do

HINT_CONVERT = die Datei an ihrer Quelle in Explicit VR Little Endian umwandeln
HINT_COPY_AGAIN = die Datei erneut von ihrer Quelle kopieren
HINT_COPY_TARGET = die Datei selbst kopieren
HINT_DISK = den Datenträger prüfen
HINT_DOWNLOAD = die Datei herunterladen und erneut einlesen
HINT_EXPORT_PICTURES = die Bilder als PNG oder DICOM exportieren
HINT_ORIGINAL_DICOM = die ursprünglichen DICOM-Dateien verwenden oder das Volumen in DICOM umwandeln
HINT_SAVE_AS_PNG = das Bild als PNG speichern
HINT_UNPACK = entpacken und den Ordner einlesen
HINT_FILES_BESIDE = nichts zu tun: Die Dateien daneben werden nach ihrem Inhalt gelesen
HINT_FIRST_IS_USED = nichts zu tun: Die zuerst gefundene Datei wird verwendet
HINT_KEEP_PRIVATE_TAGS = mit den privaten Siemens-Feldern erneut exportieren
HINT_KEEP_THE_RIGHT_ONE = herausfinden, welche der beiden richtig ist, und die andere entfernen
HINT_MAKE_SMALLER = das Bild verkleinern
HINT_NAME_FOLDER = den Ordner selbst als Pfad angeben, wenn er gelesen werden soll
HINT_NOTHING_TO_DO = nichts zu tun
HINT_PERMISSIONS = die Zugriffsrechte prüfen
HINT_PERMISSIONS_AND_DISK = die Zugriffsrechte und den Datenträger prüfen
HINT_REMOVE = aus dem Ordner entfernen
HINT_SCAN_AGAIN = den Lauf wiederholen
HINT_SPLIT = die Datei aufteilen
HINT_SUSPICIOUS_FILE = herausfinden, woher die Datei stammt: Keine echte Aufnahme sieht so aus


## Notes: terms of acquisition

PLANE = { $plane ->
    [axial] axial
    [coronal] koronal
    [sagittal] sagittal
   *[other] { $plane }
}
OBLIQUE = schräg
WEIGHTING = { $weighting ->
    [T1] T1
    [T2] T2
    [T2STAR] T2*
    [PD] Protonendichte
    [FLAIR] FLAIR
   *[other] { $weighting }
}


## Words that are not ours: a model card’s, a library’s

TEXT = { $text }
