# What mri-batch says, in French. The conventions stand at the head of en.ftl.
# A no-break space (U+00A0) stands before : ; ? ! and inside guillemets; the apostrophe is ’.

language_name = français


## Every page

ruo = Réservé à la recherche ; n’est pas un dispositif médical
skip = Aller au contenu
work_list = Liste de travail
study_report = Rapport d’étude
explanations = Explications
language = Langue
theme = Clair / sombre
help = Aide et touches
close = Fermer
single_keys = Raccourcis à une touche
no_script = Scripts désactivés : les coupes clés sont montrées en images fixes. Tout le reste de la page est lisible.
yes = oui
none = aucune
all = tous


## What the model says

model_output = Sortie du modèle
says = Sortie du modèle : { $label }
abstains = Le modèle s’abstient : sa sortie ne doit pas être utilisée pour cette étude
highest = Score le plus élevé : { $label }
probability = Probabilité calibrée
probability_plain = Probabilité (non calibrée)
rests_on = Ce qui la fonde
rests_on_one = { $probability } : coupe { $slices } sur { $total }
rests_on_several = { $probability } : moyenne des coupes { $slices } sur { $total }
slices_from_to = { $first } à { $last }
set = Classes qui restent plausibles
set_at = Classes qui restent plausibles (au plus { $share } de ces ensembles omettent la vraie classe)
verdict = Verdict
verdict_report = à rapporter
verdict_caution = prudence
verdict_abstain = abstention
status = État
status_done = terminée
status_skipped = ignorée
status_failed = échec
reasons = Pourquoi
not_done_skipped = Cette étude a été ignorée : aucune sortie du modèle
not_done_failed = Le traitement de cette étude a échoué : aucune sortie du modèle
code = Code
reason = Raison
code_help = docs/reference/errors.md explique chaque code et la marche à suivre.


## Files

files = Fichiers
file = Fichier
files_counts = { $found ->
    [one] { $found } trouvé
   *[other] { $found } trouvés
} (utilisés : { $used }, ignorés : { $skipped }, en échec : { $failed })
files_failed = { $n ->
    [one] { $n } fichier n’a pas pu être lu
   *[other] { $n } fichiers n’ont pas pu être lus
}
files_skipped = { $n ->
    [one] { $n } fichier a été ignoré
   *[other] { $n } fichiers ont été ignorés
}
files_more = { $n ->
    [one] et { $n } autre ; tous figurent dans files.csv
   *[other] et { $n } autres ; tous figurent dans files.csv
}


## Viewer

viewer = Coupes
stage = Coupe ; molette ou flèches pour défiler, glisser pour régler le fenêtrage
series = Série
slice = Coupe
slice_of = Coupe { $n } sur { $total }
frame = image { $n }
key_slice = coupe clé
shown_of = { $n ->
    [one] { $n } coupe sur { $total } est dans cette page ; les barres creuses sont les autres
   *[other] { $n } coupes sur { $total } sont dans cette page ; les barres creuses sont les autres
}
strip = Probabilité de la classe « { $label } », coupe par coupe
strip_shaded = En grisé : les coupes qui fondent la sortie.
strip_class = Barres
previous_key = Coupe clé précédente
next_key = Coupe clé suivante
heat = Carte de chaleur
overlay = Superposition
contour = Contour seul
smooth = Lisser
peak = Marquer le maximum
method = Méthode
class = Classe
class_any = indépendante de la classe
class_of = explique la classe « { $label } »
layer = Couche
head = Tête
all_layers = toutes
layer_head = couche { $layer }, tête { $head }
heads_scale = l’échelle s’arrête au plus grand poids de la couche sur cette coupe
heads_note = { $heads ->
    [one] Attention du jeton de classe : couches { $first } à { $last }, { $heads } tête par couche ; « toutes » : leur moyenne.
   *[other] Attention du jeton de classe : couches { $first } à { $last }, { $heads } têtes par couche ; « toutes » : leur moyenne.
}
opacity = Opacité
threshold = Seuil
window = Fenêtre
level = Niveau
reset = Réinitialiser
no_heat = Pas de carte sur cette coupe : les cartes ne sont calculées que pour les coupes clés.
no_heat_at_all = Aucune carte n’a été demandée, ou aucune n’a pu être calculée.
bar = Échelle : 0 à { $max }, fixe pour ce modèle et cette méthode.
bar_layer = Échelle : 0 à { $max }, le plus grand poids de la couche sur cette coupe.
bar_signed = Échelle : de { $max } contre la classe à { $max } en sa faveur, fixe pour ce modèle et cette méthode.
bar_clipped = Cette carte atteint { $max } ; au-delà de l’échelle, la dernière couleur est utilisée.
exact = profondeur entière
rounded = arrondi à ±{ $error }
reduced = montrée en { $shown } sur { $full }
value = ligne { NUMBER($row, useGrouping: 0) }, colonne { NUMBER($col, useGrouping: 0) } : { $value }


## Captions

key_slices = Coupes clés
key_slices_note = Parmi les coupes décisives : celles qui plaident le plus pour la classe de leur série ou, si celle-ci est l’absence d’anomalie, les plus suspectes. À gauche : la coupe ; à droite : la coupe avec la carte de la première méthode. La carte montre sur quoi s’appuie la sortie du modèle, pas l’emplacement d’une anomalie.
still_alt = Coupe clé { $n }, seule et avec la carte
heat_alt = Carte de chaleur : { $what }
open_slice = Montrer dans la visionneuse
grid = résolution native { $rows } × { $cols }
scale = échelle 0 à { $max }
peak_at = maximum à la ligne { NUMBER($row, useGrouping: 0) }, colonne { NUMBER($col, useGrouping: 0) }
faithful = { $n ->
    [one] Fidélité { $score } (0 = hasard ; p = { $p }, { $n } ordre aléatoire)
   *[other] Fidélité { $score } (0 = hasard ; p = { $p }, { $n } ordres aléatoires)
}
chance = Pas mieux que le hasard sur cette coupe : ne pas interpréter cette carte
better = mieux que le hasard
untested = Fidélité non testée sur cette coupe
validation_passed = Pour ce modèle, la méthode a réussi ses tests de fidélité.
validation_failed = Pour ce modèle, la méthode a ÉCHOUÉ à ses tests de fidélité.
validation_untested = Pour ce modèle, la fidélité de la méthode n’est pas testée.
other_maps = { $n ->
    [one] { $n } autre carte
   *[other] { $n } autres cartes
}
prepared = La coupe { $n } telle que le modèle l’a vue
prepared_short = telle que le modèle l’a vue
explained_class = Classe expliquée : { $label }
methods = Méthodes
passes = { $n ->
    [one] { $n } passe
   *[other] { $n } passes
}
layers_and_heads = Toutes les couches et têtes


## Quality

quality = Qualité des données
series_used = Séries utilisées
slices = Coupes
modality = Modalité
why_used = Pourquoi elle est utilisée
facts = Acquisition
notes = Remarques sur les images
no_notes = Aucune remarque sur les images.
fact_role = Rôle
fact_series_number = Numéro de série
fact_body_part = Région anatomique
fact_weighting = Pondération
fact_contrast = Produit de contraste
fact_plane = Plan
fact_slice_spacing = Espacement des coupes
fact_frames = Images
role_localizer = repérage
role_derived = carte calculée
role_capture = capture secondaire
role_phase = image de phase ou complexe
role_field_map = carte de champ
role_diffusion = diffusion brute
role_perfusion = perfusion brute
role_time_series = série temporelle
role_echo_planar = écho-planar brut
role_no_image = pas une image


## Model

model = Modèle
intended_use = Usage prévu
limits = Limites
classes = Classes
metrics = Chiffres de sa fiche
calibration = Calibration
calibration_temperature = température { $temperature }, ajustée sur { $data }
calibration_none = aucune
licence = Licence


## Provenance

provenance = Provenance
study_id = Identifiant d’étude
source = Source
digest = Empreinte du modèle (SHA-256)
key = Clé du résultat
timings = Durée
made_by = Produit par
download = Enregistrer result.json


## Feedback

feedback = Votre lecture
feedback_note = Conservé dans ce navigateur seulement ; la liste de travail enregistre le tout en un fichier.
agree = d’accord
disagree = pas d’accord
unsure = incertain
note = Remarque
save_feedback = Enregistrer les avis
feedback_count = Réponses : { $n }
no_storage = Ce navigateur n’enregistre rien : sauvegardez avant de quitter la page.
agreement = Accord des lecteurs
agreement_rate = D’accord { $agree } sur { $sure } avis tranchés : { $share } (intervalle à 95 % : { $low } à { $high })
agreement_none = Aucun avis tranché
agreement_group = Groupe
agreement_total = tous
agreement_share = Accord


## Work list

studies = Études
study = Étude
output = Sortie du modèle
position = N°
picture = Image
thumb_alt = Coupe clé avec carte
filter = Filtrer
filter_hint = Mots du nom, de la sortie ou de la raison
sort = Ordre
sort_input = comme trouvé
sort_source = nom
sort_label = sortie
sort_probability = probabilité
sort_verdict = verdict
showing = { $first } à { $last } sur { $total }
nothing = Aucune étude ne correspond.
page = Page { $number }
pages = Pages
clear = Effacer
filter_first = Filtrer et trier toutes les études
machine_files = Fichiers lisibles par machine
order_note = Dans l’ordre trouvé : trier par suspicion ferait attendre le dernier patient le plus longtemps.
totals = { $total ->
    [one] { $total } étude (terminées : { $done }, ignorées : { $skipped }, en échec : { $failed })
   *[other] { $total } études (terminées : { $done }, ignorées : { $skipped }, en échec : { $failed })
}


## Keys

k_step = coupe suivante / précédente
k_ends = première / dernière coupe
k_key = coupe clé suivante / précédente
k_suspicious = coupe la plus suspecte
k_series = série suivante
k_overlay = superposition oui / non
k_contour = contour seul
k_method = méthode suivante
k_window = fenêtre plus étroite / large
k_level = niveau plus bas / haut
k_reset = réinitialiser le fenêtrage
k_wheel = molette
k_drag = glisser
k_double = double clic
k_drag_does = horizontalement : fenêtre ; verticalement : niveau
k_theme = clair / sombre
k_help = cette aide
k_filter = vers le filtre
k_rows = étude suivante / précédente
k_open = ouvrir l’étude


## Methods

method_rollout = Attention rollout
method_attention = Attention brute
method_gradient_rollout = Attention rollout pondéré par le gradient
method_relevance = Pertinence de l’attention (Chefer)
method_gradient = Gradient
method_input_x_gradient = Entrée × gradient
method_integrated_gradients = Gradients intégrés
method_smoothgrad = SmoothGrad
method_guided_backprop = Rétropropagation guidée
method_gradcam = Grad-CAM
method_gradcam_pp = Grad-CAM++
method_activations = Cartes d’activation
method_occlusion = Occlusion
method_rise = RISE
method_lime = LIME
method_kernel_shap = Kernel SHAP
caveat_attention = L’attention montre où le modèle a regardé, pas ce qu’il en a conclu ; elle est la même pour toutes les classes.
caveat_relevance = La pertinence suit l’attention pondérée par le gradient de la classe ; ce qui contourne l’attention n’est pas compté.
caveat_gradient = Les gradients montrent où de petits changements feraient bouger la sortie ; ils sont bruités et suivent les contours.
caveat_guided = La rétropropagation guidée dessine les contours de l’image et dépend peu de ce que le modèle a appris : ce n’est pas une preuve.
caveat_cam = Grossière : la chaleur s’étend sur des cellules entières de la grille du modèle.
caveat_activations = Les cartes d’activation montrent où le modèle réagit, pas pour quelle classe.
caveat_perturbation = Mesurée en masquant des parties de l’image, ce que le modèle n’a jamais vu à l’entraînement.


## Classes that packages commonly have

label_glioma = gliome
label_meningioma = méningiome
label_pituitary = tumeur hypophysaire
label_no_tumor = pas de tumeur
label_notumor = pas de tumeur
label_tumor = tumeur
label_normal = normal
label_covid = COVID-19
label_non_covid = pas de COVID-19
label_basophil = basophile
label_eosinophil = éosinophile
label_erythroblast = érythroblaste
label_ig = granulocyte immature
label_immature_granulocyte = granulocyte immature
label_lymphocyte = lymphocyte
label_monocyte = monocyte
label_neutrophil = neutrophile
label_platelet = plaquette


## Notes: verdicts

GATE_REFUSED = les images ne ressemblent pas à celles de l’entraînement du modèle
GATE_CAUTION = les images sont inhabituelles pour ce modèle
PROBABILITY_ABSTAIN = aucune classe n’atteint une probabilité de { NUMBER($threshold, minimumFractionDigits: 2) }
PROBABILITY_CAUTION = la probabilité est inférieure à { NUMBER($threshold, minimumFractionDigits: 2) }
SET_EMPTY = aucune classe n’est plausible au taux d’erreur annoncé
LABEL_OUTSIDE_SET = la classe la plus probable ne figure pas parmi les classes encore plausibles
SET_SEVERAL = { $n ->
    [one] { $n } classe reste plausible
   *[other] { $n } classes restent plausibles
}
SERIES_DISAGREE = les séries de cette étude se contredisent
FILES_UNREADABLE = { $n ->
    [one] { $n } fichier sur { $total } n’a pas pu être lu
   *[other] { $n } fichiers sur { $total } n’ont pas pu être lus
}


## Notes: slices and series

SLICES_SHOWN = { $n ->
    [one] { $n } coupe sur { $total } est montrée : une coupe clé
   *[other] { $n } coupes sur { $total } sont montrées : les coupes clés et un choix régulier des autres
}
LOSSY_COMPRESSION = une compression avec perte a modifié les pixels
BURNED_IN_TEXT = l’en-tête indique du texte incrusté dans l’image ; il peut identifier le patient
DERIVED_PIXELS = l’en-tête indique des images dérivées, non originales
POSITIONS_MISSING = les positions des coupes manquent ; les coupes suivent donc leurs numéros
SLICES_MISSING = { $n ->
    [one] { $n } coupe semble manquer : les positions ont un trou
   *[other] { $n } coupes semblent manquer : les positions ont des trous
}
SLICES_REPEATED = { $n ->
    [one] { $n } coupe a la même position qu’une autre
   *[other] { $n } coupes ont la même position qu’une autre
}
VALUES_NOT_FINITE = les valeurs de pixels qui ne sont pas des nombres finis ont été remplacées par la plus petite ou la plus grande des autres
RESCALE_UNUSABLE = la remise à l’échelle de l’en-tête dépasse toute valeur mesurable, les valeurs stockées sont donc utilisées
SLOPE_ZERO = l’en-tête indique une pente de remise à l’échelle de 0, lue comme 1
PATIENTS_PARTED = les en-têtes d’un même UID d’examen nomment des personnes de date de naissance ou de sexe différents ; chacune forme un examen à part
STACKS_PARTED = un même UID de série contient plusieurs piles de coupes ; elles se distinguent par { $by }
PICTURE_TURNED = l’image est affichée tournée, comme le demande sa balise d’orientation ; lignes et colonnes sont celles de l’image tournée
MOSAIC_TILE = la coupe est un carreau d’une mosaïque
MOSAIC_WORD_ALONE = l’en-tête qualifie l’image de mosaïque sans en contenir les données ; elle est lue comme une seule coupe
OFFSETS_WRONG = la table des décalages ne correspond pas aux images, qui ont donc été localisées directement
FRAMES_DERIVED = l’en-tête n’indique pas le nombre d’images ; les pixels en contiennent { $n }
PIXELS_SURPLUS = le fichier contient plus de pixels que n’en déclare son en-tête ; l’excédent n’est pas utilisé
SERIES_OF_PICTURES = des images ordinaires ne disent rien de leur acquisition : toutes sont utilisées
SERIES_FITS = elle convient au modèle, d’après l’en-tête : { $known }
SERIES_UNTOLD = rien dans l’en-tête ne s’y oppose
SERIES_OTHER = cette série ({ $found }) n’est pas de celles pour lesquelles le modèle est prévu ({ $wanted })
SERIES_OTHERS_FIT = { $misfit } ; d’autres séries de l’étude conviennent
SERIES_NONE_FITS = { $misfit } ; aucune série de l’étude ne convient mieux
SERIES_OTHER_CONTRAST = le modèle est prévu pour des séries qui diffèrent de celle-ci par le produit de contraste, et l’étude en a
SERIES_NO_CONTRAST = le modèle est prévu uniquement pour des séries avec ou sans produit de contraste, et aucune série de l’étude n’est connue pour convenir
ROLE_LOCALIZER = un repérage ne sert qu’à planifier les autres séries
ROLE_CAPTURE = une capture secondaire est une copie d’écran, pas une image acquise
ROLE_DERIVED = le modèle n’a pas été entraîné sur des cartes calculées
ROLE_PHASE = le modèle n’a pas été entraîné sur des images de phase ou complexes
ROLE_FIELD_MAP = une carte de champ ne sert qu’à corriger d’autres séries
ROLE_DIFFUSION = le modèle n’a pas été entraîné sur des séries de diffusion brutes
ROLE_PERFUSION = le modèle n’a pas été entraîné sur des séries de perfusion brutes
ROLE_TIME_SERIES = une série temporelle répète les mêmes coupes pour mesurer un signal
ROLE_ECHO_PLANAR = le modèle n’a pas été entraîné sur des séries écho-planar brutes
NO_SLICE = aucune coupe à classer


## Notes: files

FILE_EMPTY = le fichier est vide
FILE_TOO_LARGE = { $size_bytes ->
    [one] le fichier a { $size_bytes } octet ; la limite est de { $limit_bytes }
   *[other] le fichier a { $size_bytes } octets ; la limite est de { $limit_bytes }
}
FILE_UNREADABLE = le fichier ne peut pas être lu : { $why }
FILE_VANISHED = le fichier a disparu avant son ouverture
FOLDER_UNREADABLE = le contenu du dossier ne peut pas être listé : { $why }
FOLDER_LOOP = le dossier se contient lui-même
FOLDER_TOO_DEEP = le dossier se trouve à plus de { $limit } niveaux de profondeur
LINK_DANGLING = le lien ne mène nulle part
LINK_LOOP = le lien revient sur lui-même
LINK_TO_FOLDER = les liens vers des dossiers ne sont pas suivis
LINK_TO_FOUND = le lien mène à un fichier déjà lu à son propre emplacement
NOT_A_FILE = un tube, un socket ou un périphérique n’est pas un fichier
NOT_A_PICTURE = ni DICOM, ni PNG, JPEG ou TIFF
NAME_MISLEADS = le nom annonce une image, mais le contenu n’en est pas une
SIDE_FILE = fichier annexe de macOS, sans image
EARLIER_RESULTS = les résultats d’une analyse précédente
NOT_DOWNLOADED = un espace réservé : le fichier lui-même n’a pas été téléchargé
FORMAT_NOT_READ = les fichiers { $format } ne sont pas lus
DUPLICATE_CONTENT = même contenu que { $file }
DUPLICATE_RECODED = même instance que { $file }, codée autrement
DUPLICATE_PIXELS = mêmes pixels que { $file } ; seul l’en-tête diffère
DUPLICATE_UNSOUND = une copie de { $file } dont les pixels sont illisibles
DUPLICATE_DIFFERS = même UID d’instance que { $file }, mais contenu différent
ALL_FILES_UNREADABLE = { $n ->
    [one] { $n } fichier n’a pas pu être lu : { $first }
   *[other] { $n } fichiers n’ont pas pu être lus ; le premier : { $first }
}
PERMISSION_DENIED = accès refusé
INPUT_ERROR = erreur d’entrée/sortie


## Notes: headers

HEADER_UNREADABLE = l’en-tête DICOM ne peut pas être lu
TOO_DEEP = les séquences sont trop imbriquées
TOO_MANY_ELEMENTS = { $limit ->
    [one] l’en-tête a plus de { $limit } élément
   *[other] l’en-tête a plus de { $limit } éléments
}
DEFLATED_TOO_LARGE = les données comprimées dépassent { $mib } Mio une fois décompressées
MEMORY_EXCEEDED = le fichier demande plus de mémoire qu’il n’y en a
DICOMDIR = un DICOMDIR ne fait que lister des fichiers
CLASS_WITHOUT_PICTURE = { $sop_class } : pas d’image à classer
CLASS_UNKNOWN = un objet DICOM de classe inconnue


## Notes: pixels

PIXELS_MISSING = le fichier s’arrête avant ses pixels
PIXELS_UNDECODABLE = les pixels ne peuvent pas être décodés
VALUES_ALL_NOT_FINITE = aucune valeur de pixel n’est un nombre fini
PIXELS_NOT_PROMISED = l’en-tête annonce une image sans pixels
ATTRIBUTE_MISSING = l’attribut { $name } manque ou est vide
PICTURE_UNDECODABLE = l’image ne peut pas être décodée
PICTURE_TOO_LARGE = l’en-tête de l’image annonce { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels
PICTURE_HUGE = l’en-tête de l’image annonce plus de pixels qu’aucun examen n’en a
PAGES_TOO_MANY = { $n ->
    [one] le fichier annonce { $n } page
   *[other] le fichier annonce { $n } pages
}
FRAMES_TOO_MANY = { $n ->
    [one] l’en-tête annonce { $n } image de { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels
   *[other] l’en-tête annonce { $n } images de { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels
}
FRAMES_LOST = { $n ->
    [one] { $n } image d’un fichier est inutilisable : { $reason }
   *[other] { $n } images d’un fichier sont inutilisables : { $reason }
}
FRAME_WITHOUT_SIZE = une image comprimée n’indique pas sa taille
FRAME_SIZE_DIFFERS = l’en-tête annonce { $header }, mais l’image comprimée contient { $frame }
FRAME_SIZE = { $samples ->
    [one] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels de { $samples } échantillon
   *[other] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels de { $samples } échantillons
}
RUNS_TOO_LONG = les plages codées d’une image dépassent ce qu’annonce l’en-tête
MOSAIC_UNCOUNTED = une mosaïque qui n’indique pas combien de coupes elle contient
NO_DECODER = pas de décodeur pour { $what }
SYNTAX = la syntaxe de transfert { $name }
SYNTAX_12_BIT = des échantillons de 12 bits en syntaxe de transfert { $name }
SYNTAX_UNKNOWN = une syntaxe de transfert qui n’est pas dans la norme
BITS_PER_SAMPLE = { $bits ->
    [one] { $bits } bit par échantillon
   *[other] { $bits } bits par échantillon
}
DECODER_PANICKED = le décodeur s’est interrompu (panic)
PICTURE_LAYOUT = ce type d’image (échantillons par pixel : { $samples }, bits par échantillon : { $bits })
WITH_DETAIL = { $reason } ({ $detail })


## Notes: studies that were not finished

STUDY_STOPPED = arrêtée après { $seconds } s
STUDY_MEMORY = l’étude demande plus de mémoire qu’un processus n’a le droit d’en prendre
WORKER_DIED = le processus s’est arrêté brutalement sur cette étude ({ $how })
SIGNAL = signal { $name }
EXIT_CODE = code de sortie { NUMBER($number, useGrouping: 0) }
CLUSTER_GAVE_UP = la grappe a abandonné cette étude ({ $error })
INTERNAL_ERROR = erreur inattendue { $error } dans { $file }:{ NUMBER($line, useGrouping: 0) }


## Notes: explanations

SCALE_OF_SERIES = l’échelle est propre à cette série, car le paquet du modèle n’en fournit pas
METHOD_FAILED_VALIDATION = cette méthode a échoué à ses tests de fidélité sur ce modèle
METHOD_CANNOT_RUN = { $method } ne peut pas s’exécuter sur { $model } : { $reason }
METHOD_EXCLUDED = le paquet du modèle exclut cette méthode
NO_FEATURE_MAPS = le paquet du modèle n’a pas de cartes d’activation
NO_ATTENTION = le paquet du modèle n’a pas de sorties d’attention
NO_GRADCAM = le paquet du modèle n’a pas de graphe Grad-CAM
NO_ATTENTION_GRADIENT = le paquet du modèle n’a pas les gradients de l’attention
NO_GRADIENT = le paquet du modèle n’a pas de graphe de gradient
NO_RELU = le réseau n’a pas de ReLU, et la rétropropagation guidée n’est définie que pour ReLU
COMPLETENESS_ERROR = erreur de complétude : { NUMBER($share, style: "percent", maximumFractionDigits: 1) } de la variation du score
PANEL_HEAD = couche { $layer }, tête { $head }
PANEL_STAGE = étage { $stage }


## Notes: DICOM results

DICOM_SOURCE_NOT_DICOM = pas de résultats DICOM : la source n’est pas DICOM
DICOM_SOURCE_UNREADABLE = pas de résultats DICOM : un fichier source n’a pas pu être relu ({ $error })
DICOM_NO_KEY_SLICE = pas de résultats DICOM : l’étude n’a pas de coupe clé
DICOM_NO_DATE = pas de résultats DICOM : l’étude n’a pas de date
DICOM_NO_HEAT = { $output ->
    [sr] pas de rapport structuré : il n’y a pas de carte de chaleur
    [sc] pas de capture secondaire : il n’y a pas de carte de chaleur
    [pm] pas de carte paramétrique : il n’y a pas de carte de chaleur
   *[other] pas de { $output } DICOM : il n’y a pas de carte de chaleur
}
DICOM_HEADER_REFUSED = { $output ->
    [sr] pas de rapport structuré : l’en-tête de la source ne le permet pas ({ $error })
    [sc] pas de capture secondaire : l’en-tête de la source ne le permet pas ({ $error })
    [pm] pas de carte paramétrique : l’en-tête de la source ne le permet pas ({ $error })
   *[other] pas de { $output } DICOM : l’en-tête de la source ne le permet pas ({ $error })
}
PM_NO_PLACE = pas de carte paramétrique : la source n’a ni position, ni orientation, ni taille de pixel
PM_NO_FRAME_OF_REFERENCE = pas de carte paramétrique : la source n’a pas de repère (frame of reference)


## Hints: what to do

HINT_CONVERT = convertissez le fichier en Explicit VR Little Endian à sa source
HINT_COPY_AGAIN = copiez de nouveau le fichier depuis sa source
HINT_COPY_TARGET = copiez le fichier lui-même
HINT_DISK = vérifiez le disque
HINT_DOWNLOAD = téléchargez le fichier, puis relancez l’analyse
HINT_EXPORT_PICTURES = exportez les images en PNG ou en DICOM
HINT_ORIGINAL_DICOM = utilisez les fichiers DICOM d’origine ou convertissez le volume en DICOM
HINT_SAVE_AS_PNG = enregistrez l’image en PNG
HINT_UNPACK = décompressez l’archive, puis analysez le dossier
HINT_FILES_BESIDE = rien à faire : les fichiers voisins sont lus d’après leur contenu
HINT_FIRST_IS_USED = rien à faire : le premier fichier trouvé est utilisé
HINT_KEEP_PRIVATE_TAGS = exportez-la de nouveau en gardant les champs privés Siemens
HINT_KEEP_THE_RIGHT_ONE = trouvez lequel des deux est le bon et retirez l’autre
HINT_MAKE_SMALLER = réduisez l’image
HINT_NAME_FOLDER = pour lire ce dossier, indiquez-le lui-même comme chemin
HINT_NOTHING_TO_DO = rien à faire
HINT_PERMISSIONS = vérifiez ses droits d’accès
HINT_PERMISSIONS_AND_DISK = vérifiez ses droits d’accès et le disque
HINT_REMOVE = retirez-le du dossier
HINT_SCAN_AGAIN = relancez l’analyse
HINT_SPLIT = divisez le fichier
HINT_SUSPICIOUS_FILE = vérifiez d’où vient le fichier : aucun vrai examen ne ressemble à cela


## Notes: terms of acquisition

PLANE = { $plane ->
    [axial] axial
    [coronal] coronal
    [sagittal] sagittal
   *[other] { $plane }
}
OBLIQUE = oblique
WEIGHTING = { $weighting ->
    [T1] T1
    [T2] T2
    [T2STAR] T2*
    [PD] densité de protons
    [FLAIR] FLAIR
   *[other] { $weighting }
}


## Words that are not ours: a model card’s, a library’s

TEXT = { $text }
