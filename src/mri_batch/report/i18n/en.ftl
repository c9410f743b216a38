# What mri-batch says, in English.
#
# Conventions, the same in every language:
# - Keys in capitals are the codes of notes.py, with the arguments of its table. Other keys are words of the pages.
# - Reasons and hints are clauses: no capital letter at the start, no full stop. The pages and the command line join
#   them ("reason (hint)") or list them. A hint is an instruction.
# - Counts come as numbers and choose their plural form. Names, percentages and measures on the pages come as text
#   that is already written in the language.
# - Names of classes (label_) are quoted where the grammar would inflect them.
# - Every file has the same keys with the same arguments. A new language is one new file.
# - Not used: references to other messages, terms and attributes, which the scripts of the pages cannot read.
# - DICOM keywords and the names of methods that papers gave stay as they are.

language_name = English


## Every page

ruo = For research use only; not a medical device
skip = Skip to content
work_list = Work list
study_report = Study report
explanations = Explanations
language = Language
theme = Light / dark
help = Help and keys
close = Close
single_keys = Single-key shortcuts
no_script = Scripts are off: the key slices are shown as still pictures. You can still read everything else on this page.
yes = yes
none = none
all = all


## What the model says

model_output = Model output
says = The model’s output is { $label }
abstains = The model abstains: its output should not be used for this study
highest = Highest score: { $label }
probability = Calibrated probability
probability_plain = Probability (not calibrated)
rests_on = What it rests on
rests_on_one = { $probability }: slice { $slices } of { $total }
rests_on_several = { $probability }: the mean of slices { $slices } of { $total }
slices_from_to = { $first } to { $last }
set = Classes that remain plausible
set_at = Classes that remain plausible (at most { $share } of such sets miss the true class)
verdict = Verdict
verdict_report = report
verdict_caution = caution
verdict_abstain = abstain
status = Status
status_done = done
status_skipped = skipped
status_failed = failed
reasons = Why
not_done_skipped = This study was skipped: there is no model output
not_done_failed = This study failed: there is no model output
code = Code
reason = Reason
code_help = docs/reference/errors.md explains every code and what to do about it.


## Files

files = Files
file = File
files_counts = { $found } found: { $used } used, { $skipped } skipped, { $failed } failed
files_failed = { $n ->
    [one] { $n } file could not be read
   *[other] { $n } files could not be read
}
files_skipped = { $n ->
    [one] { $n } file was skipped
   *[other] { $n } files were skipped
}
files_more = and { $n } more; all are in files.csv


## Viewer

viewer = Slices
stage = Slice; wheel or arrow keys change the slice, dragging changes window and level
series = Series
slice = Slice
slice_of = Slice { $n } of { $total }
frame = frame { $n }
key_slice = key slice
shown_of = { $n ->
    [one] { $n } of { $total } slices is on this page; hollow bars stand for the others
   *[other] { $n } of { $total } slices are on this page; hollow bars stand for the others
}
strip = Probability of { $label }, slice by slice
strip_shaded = Shaded: the slices that the output rests on.
strip_class = Bars show
previous_key = Previous key slice
next_key = Next key slice
heat = Heatmap
overlay = Overlay
contour = Contour only
smooth = Smooth
peak = Mark the peak
method = Method
class = Class
class_any = not tied to a class
class_of = explains { $label }
layer = Layer
head = Head
all_layers = all
layer_head = layer { $layer }, head { $head }
heads_scale = the scale ends at the layer’s largest weight on this slice
heads_note = { $heads ->
    [one] Attention of the class token: layers { $first } to { $last }, { $heads } head each; “all” is their mean.
   *[other] Attention of the class token: layers { $first } to { $last }, { $heads } heads each; “all” is their mean.
}
opacity = Opacity
threshold = Threshold
window = Window
level = Level
reset = Reset
no_heat = No heatmap on this slice: heatmaps are computed for key slices only.
no_heat_at_all = No heatmap was requested, or none could be computed.
bar = Colour bar: 0 to { $max }, fixed for this model and method.
bar_layer = Colour bar: 0 to { $max }, the layer’s largest weight on this slice.
bar_signed = Colour bar: from { $max } against the class to { $max } for it, fixed for this model and method.
bar_clipped = This heatmap reaches { $max }; values beyond the bar are drawn in its last colour.
exact = full depth
rounded = rounded to ±{ $error }
reduced = shown at { $shown } of { $full }
value = row { NUMBER($row, useGrouping: 0) }, column { NUMBER($col, useGrouping: 0) }: { $value }


## Captions

key_slices = Key slices
key_slices_note = Among the slices that decided: those that speak most for their series’ class or, where that is no finding, the most suspicious ones. Left: the slice; right: the slice with the first method’s heatmap. Heat shows what the model’s output relies on, not where a finding is.
still_alt = Key slice { $n }, plain and with heatmap
heat_alt = Heatmap: { $what }
open_slice = Show in the viewer
grid = native resolution { $rows } × { $cols }
scale = scale 0 to { $max }
peak_at = peak at row { NUMBER($row, useGrouping: 0) }, column { NUMBER($col, useGrouping: 0) }
faithful = { $n ->
    [one] Faithfulness { $score } (0 = chance; p = { $p }, { $n } random order)
   *[other] Faithfulness { $score } (0 = chance; p = { $p }, { $n } random orders)
}
chance = No better than chance on this slice: do not interpret this heatmap
better = better than chance
untested = Faithfulness not tested on this slice
validation_passed = For this model the method passed its faithfulness tests.
validation_failed = For this model the method FAILED its faithfulness tests.
validation_untested = For this model the method’s faithfulness is untested.
other_maps = { $n ->
    [one] { $n } other heatmap
   *[other] { $n } other heatmaps
}
prepared = Slice { $n } as the model saw it
prepared_short = as the model saw it
explained_class = Explained class: { $label }
methods = Methods
passes = { $n ->
    [one] { $n } pass
   *[other] { $n } passes
}
layers_and_heads = Every layer and head


## Quality

quality = Input quality
series_used = Series used
slices = Slices
modality = Modality
why_used = Why it was used
facts = Acquisition
notes = Notes on the pictures
no_notes = There are no notes on the pictures.
fact_role = Role
fact_series_number = Series number
fact_body_part = Body part
fact_weighting = Weighting
fact_contrast = Contrast agent
fact_plane = Plane
fact_slice_spacing = Slice spacing
fact_frames = Frames
role_localizer = localizer
role_derived = derived map
role_capture = secondary capture
role_phase = phase or complex image
role_field_map = field map
role_diffusion = raw diffusion
role_perfusion = raw perfusion
role_time_series = time series
role_echo_planar = raw echo-planar
role_no_image = not an image


## Model

model = Model
intended_use = Intended use
limits = Limits
classes = Classes
metrics = Figures from its card
calibration = Calibration
calibration_temperature = temperature { $temperature }, fitted on { $data }
calibration_none = none
licence = Licence


## Provenance

provenance = Provenance
study_id = Study ID
source = Source
digest = Model digest (SHA-256)
key = Result key
timings = Time taken
made_by = Made by
download = Save result.json


## Feedback

feedback = Your reading
feedback_note = Kept in this browser only; the work list saves all of it as one file.
agree = agree
disagree = disagree
unsure = unsure
note = Note
save_feedback = Save feedback
feedback_count = Answered: { $n }
no_storage = This browser does not store anything: save before you leave the page.
agreement = Reader agreement
agreement_rate = Agree { $agree } of { $sure } who were sure: { $share } (95% interval { $low } to { $high })
agreement_none = No reader was sure of any study
agreement_group = Group
agreement_total = all
agreement_share = Agreement


## Work list

studies = Studies
study = Study
output = Model output
position = No.
picture = Picture
thumb_alt = Key slice with heatmap
filter = Filter
filter_hint = Words in the study’s name, output or reason
sort = Order
sort_input = as found
sort_source = name
sort_label = output
sort_probability = probability
sort_verdict = verdict
showing = { $first } to { $last } of { $total }
nothing = No study matches.
page = Page { $number }
pages = Pages
clear = Clear
filter_first = Filter and sort all studies
machine_files = Machine-readable files
order_note = In the order found: sorting by suspicion makes the last patient wait longest.
totals = { $total ->
    [one] { $total } study: { $done } done, { $skipped } skipped, { $failed } failed
   *[other] { $total } studies: { $done } done, { $skipped } skipped, { $failed } failed
}


## Keys

k_step = next / previous slice
k_ends = first / last slice
k_key = next / previous key slice
k_suspicious = most suspicious slice
k_series = next series
k_overlay = overlay on / off
k_contour = contour only
k_method = next method
k_window = window narrower / wider
k_level = level down / up
k_reset = reset window and level
k_wheel = wheel
k_drag = drag
k_double = double click
k_drag_does = sideways: window; up and down: level
k_theme = light / dark
k_help = this help
k_filter = to the filter
k_rows = next / previous study
k_open = open the study


## Methods

method_rollout = Attention rollout
method_attention = Raw attention
method_gradient_rollout = Gradient-weighted attention rollout
method_relevance = Attention relevance (Chefer)
method_gradient = Gradient
method_input_x_gradient = Input × gradient
method_integrated_gradients = Integrated gradients
method_smoothgrad = SmoothGrad
method_guided_backprop = Guided backpropagation
method_gradcam = Grad-CAM
method_gradcam_pp = Grad-CAM++
method_activations = Feature maps
method_occlusion = Occlusion
method_rise = RISE
method_lime = LIME
method_kernel_shap = Kernel SHAP
caveat_attention = Attention shows where the model looked, not what it concluded, and is the same for every class.
caveat_relevance = Relevance follows attention weighted by the class’s gradient; what bypasses attention is not counted.
caveat_gradient = Gradients show where small changes would move the output; they are noisy and follow edges.
caveat_guided = Guided backpropagation outlines edges in the picture and depends little on what the model learnt: it is not evidence.
caveat_cam = Coarse: heat spreads over whole cells of the model’s grid.
caveat_activations = Feature maps show where the model responds at all, not for which class.
caveat_perturbation = Measured by covering parts of the picture, which the model never met in training.


## Classes that packages commonly have

label_glioma = glioma
label_meningioma = meningioma
label_pituitary = pituitary tumor
label_no_tumor = no tumor
label_notumor = no tumor
label_tumor = tumor
label_normal = normal
label_covid = COVID-19
label_non_covid = no COVID-19
label_basophil = basophil
label_eosinophil = eosinophil
label_erythroblast = erythroblast
label_ig = immature granulocyte
label_immature_granulocyte = immature granulocyte
label_lymphocyte = lymphocyte
label_monocyte = monocyte
label_neutrophil = neutrophil
label_platelet = platelet


## Notes: verdicts

GATE_REFUSED = the pictures are unlike those that the model was trained on
GATE_CAUTION = the pictures are unusual for this model
PROBABILITY_ABSTAIN = no class reaches a probability of { NUMBER($threshold, minimumFractionDigits: 2) }
PROBABILITY_CAUTION = the probability is below { NUMBER($threshold, minimumFractionDigits: 2) }
SET_EMPTY = no class is plausible at the stated error rate
LABEL_OUTSIDE_SET = the most probable class is not among the classes that remain plausible
SET_SEVERAL = { $n ->
    [one] { $n } class remains plausible
   *[other] { $n } classes remain plausible
}
SERIES_DISAGREE = the series of this study disagree
FILES_UNREADABLE = { $n } of { $total } files could not be read


## Notes: slices and series

SLICES_SHOWN = { $n ->
    [one] { $n } of { $total } slices is shown: a key slice
   *[other] { $n } of { $total } slices are shown: the key slices and an evenly spaced selection of the others
}
LOSSY_COMPRESSION = lossy compression has altered the pixels
BURNED_IN_TEXT = the header says that text is burned into the picture; it may identify the patient
DERIVED_PIXELS = the header says that the pictures are derived, not original
POSITIONS_MISSING = slice positions are missing, so slices are ordered by their numbers
SLICES_MISSING = { $n ->
    [one] { $n } slice seems to be missing: there is a gap between the positions
   *[other] { $n } slices seem to be missing: there are gaps between the positions
}
SLICES_REPEATED = { $n ->
    [one] { $n } slice has the same position as another
   *[other] { $n } slices have the same position as another
}
VALUES_NOT_FINITE = pixel values that are not finite numbers were replaced by the least or the greatest of the others
RESCALE_UNUSABLE = the rescale of the header leads beyond every measured value, so stored values are used
SLOPE_ZERO = the header gives a rescale slope of 0, which is read as 1
PATIENTS_PARTED = headers under one study UID name people of different birth date or sex; each is a study of their own
STACKS_PARTED = one series UID holds several stacks; they are told apart by { $by }
PICTURE_TURNED = the picture is shown turned, as its orientation tag asks; rows and columns are those of the turned picture
MOSAIC_TILE = the slice is a tile of a mosaic
MOSAIC_WORD_ALONE = the header calls the picture a mosaic but holds nothing of one; it is read as a single slice
OFFSETS_WRONG = the offset table does not fit the frames, so they were found by themselves
FRAMES_DERIVED = the header does not say how many frames there are; its pixels hold { $n }
PIXELS_SURPLUS = the file holds more pixels than its header declares; the surplus is not used
SERIES_OF_PICTURES = ordinary pictures carry no acquisition data, so all are used
SERIES_FITS = it suits the model, as far as the header says: { $known }
SERIES_UNTOLD = nothing in the header speaks against it
SERIES_OTHER = the model is for { $wanted }, but this series is { $found }
SERIES_OTHERS_FIT = { $misfit }; other series of the study suit the model
SERIES_NONE_FITS = { $misfit }; no series of the study suits the model better
SERIES_OTHER_CONTRAST = the model is for series that differ from this one in contrast agent, and the study has such series
SERIES_NO_CONTRAST = the model is only for series with, or only for series without, a contrast agent, and no series of the study is known to suit it
ROLE_LOCALIZER = a localizer only serves to plan the other series
ROLE_CAPTURE = a secondary capture is a screenshot, not an acquired picture
ROLE_DERIVED = the model was not trained on computed maps
ROLE_PHASE = the model was not trained on phase or complex images
ROLE_FIELD_MAP = a field map only serves to correct other series
ROLE_DIFFUSION = the model was not trained on raw diffusion series
ROLE_PERFUSION = the model was not trained on raw perfusion series
ROLE_TIME_SERIES = a time series repeats the same slices to measure a signal
ROLE_ECHO_PLANAR = the model was not trained on raw echo-planar series
NO_SLICE = there is no slice to classify


## Notes: files

FILE_EMPTY = the file is empty
FILE_TOO_LARGE = { $size_bytes ->
    [one] the file has { $size_bytes } byte; the limit is { $limit_bytes }
   *[other] the file has { $size_bytes } bytes; the limit is { $limit_bytes }
}
FILE_UNREADABLE = the file cannot be read: { $why }
FILE_VANISHED = the file disappeared before it was opened
FOLDER_UNREADABLE = the folder cannot be listed: { $why }
FOLDER_LOOP = the folder contains itself
FOLDER_TOO_DEEP = the folder lies more than { $limit } levels deep
LINK_DANGLING = the link points to nothing
LINK_LOOP = the link points back to itself
LINK_TO_FOLDER = links to folders are not followed
LINK_TO_FOUND = the link points to a file that is already read at its own path
NOT_A_FILE = a pipe, socket or device is not a file
NOT_A_PICTURE = neither DICOM nor PNG, JPEG or TIFF
NAME_MISLEADS = named like a picture, but the content is none
SIDE_FILE = a side file of macOS, without a picture
EARLIER_RESULTS = the results of an earlier scan
NOT_DOWNLOADED = a placeholder: the file itself has not been downloaded
FORMAT_NOT_READ = { $format } files are not read
DUPLICATE_CONTENT = the same content as { $file }
DUPLICATE_RECODED = the same instance as { $file }, encoded differently
DUPLICATE_PIXELS = the same pixels as { $file }; only the header differs
DUPLICATE_UNSOUND = a copy of { $file } whose pixels cannot be read
DUPLICATE_DIFFERS = the same instance UID as { $file }, but different content
ALL_FILES_UNREADABLE = { $n ->
    [one] { $n } file could not be read: { $first }
   *[other] { $n } files could not be read; the first: { $first }
}
PERMISSION_DENIED = permission denied
INPUT_ERROR = input/output error


## Notes: headers

HEADER_UNREADABLE = the DICOM header cannot be read
TOO_DEEP = sequences are nested too deeply
TOO_MANY_ELEMENTS = { $limit ->
    [one] the header has more than { $limit } element
   *[other] the header has more than { $limit } elements
}
DEFLATED_TOO_LARGE = the deflated data set expands to more than { $mib } MiB
MEMORY_EXCEEDED = the file needs more memory than is available
DICOMDIR = a DICOMDIR only lists files
CLASS_WITHOUT_PICTURE = { $sop_class }: no picture to classify
CLASS_UNKNOWN = a DICOM object of unknown class


## Notes: pixels

PIXELS_MISSING = the file ends before its pixels
PIXELS_UNDECODABLE = the pixels cannot be decoded
VALUES_ALL_NOT_FINITE = no pixel value is a finite number
PIXELS_NOT_PROMISED = the header declares a picture without pixels
ATTRIBUTE_MISSING = the attribute { $name } is missing or empty
PICTURE_UNDECODABLE = the picture cannot be decoded
PICTURE_TOO_LARGE = the picture’s header declares { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels
PICTURE_HUGE = the picture’s header declares more pixels than any scan has
PAGES_TOO_MANY = { $n ->
    [one] the file declares { $n } page
   *[other] the file declares { $n } pages
}
FRAMES_TOO_MANY = { $n ->
    [one] the header declares { $n } frame of { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels
   *[other] the header declares { $n } frames of { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels
}
FRAMES_LOST = { $n ->
    [one] { $n } frame of a file cannot be used: { $reason }
   *[other] { $n } frames of a file cannot be used: { $reason }
}
FRAME_WITHOUT_SIZE = a compressed frame does not state its size
FRAME_SIZE_DIFFERS = the header declares { $header }, but the compressed frame has { $frame }
FRAME_SIZE = { $samples ->
    [one] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels with { $samples } sample each
   *[other] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } pixels with { $samples } samples each
}
RUNS_TOO_LONG = the run lengths of a frame expand to more than the header declares
MOSAIC_UNCOUNTED = a mosaic that does not say how many slices it holds
NO_DECODER = no decoder for { $what }
SYNTAX = the transfer syntax { $name }
SYNTAX_12_BIT = 12-bit samples in the transfer syntax { $name }
SYNTAX_UNKNOWN = a transfer syntax that is not in the standard
BITS_PER_SAMPLE = { $bits ->
    [one] { $bits } bit per sample
   *[other] { $bits } bits per sample
}
DECODER_PANICKED = the decoder panicked
PICTURE_LAYOUT = this kind of picture (samples per pixel: { $samples }, bits per sample: { $bits })
WITH_DETAIL = { $reason } ({ $detail })


## Notes: studies that were not finished

STUDY_STOPPED = stopped after { $seconds } s
STUDY_MEMORY = the study needs more memory than a worker may use
WORKER_DIED = the worker process died on this study ({ $how })
SIGNAL = signal { $name }
EXIT_CODE = exit code { NUMBER($number, useGrouping: 0) }
CLUSTER_GAVE_UP = the cluster gave up on this study ({ $error })
INTERNAL_ERROR = unexpected { $error } in { $file }:{ NUMBER($line, useGrouping: 0) }


## Notes: explanations

SCALE_OF_SERIES = the scale comes from this series, because the package stores none
METHOD_FAILED_VALIDATION = this method failed its faithfulness tests on this model
METHOD_CANNOT_RUN = { $method } cannot run on { $model }: { $reason }
METHOD_EXCLUDED = the package excludes this method
NO_FEATURE_MAPS = the package has no feature maps
NO_ATTENTION = the package has no attention outputs
NO_GRADCAM = the package has no Grad-CAM graph
NO_ATTENTION_GRADIENT = the package has no attention gradients
NO_GRADIENT = the package has no gradient graph
NO_RELU = the network has no ReLU, and guided backpropagation is defined for ReLU only
COMPLETENESS_ERROR = completeness error: { NUMBER($share, style: "percent", maximumFractionDigits: 1) } of the change in the score
PANEL_HEAD = layer { $layer }, head { $head }
PANEL_STAGE = stage { $stage }


## Notes: DICOM results

DICOM_SOURCE_NOT_DICOM = no DICOM results: the source is not DICOM
DICOM_SOURCE_UNREADABLE = no DICOM results: a source file could not be read again ({ $error })
DICOM_NO_KEY_SLICE = no DICOM results: the study has no key slice
DICOM_NO_DATE = no DICOM results: the study has no date
DICOM_NO_HEAT = { $output ->
    [sr] no structured report: there is no heatmap
    [sc] no secondary capture: there is no heatmap
    [pm] no parametric map: there is no heatmap
   *[other] no DICOM { $output }: there is no heatmap
}
DICOM_HEADER_REFUSED = { $output ->
    [sr] no structured report: the source’s header does not allow it ({ $error })
    [sc] no secondary capture: the source’s header does not allow it ({ $error })
    [pm] no parametric map: the source’s header does not allow it ({ $error })
   *[other] no DICOM { $output }: the source’s header does not allow it ({ $error })
}
PM_NO_PLACE = no parametric map: the source has no position, orientation or pixel spacing
PM_NO_FRAME_OF_REFERENCE = no parametric map: the source has no frame of reference


## Hints: what to do

HINT_CONVERT = convert the file to Explicit VR Little Endian at its source
HINT_COPY_AGAIN = copy the file again from its source
HINT_COPY_TARGET = copy the file itself
HINT_DISK = check the disk
HINT_DOWNLOAD = download the file, then scan again
HINT_EXPORT_PICTURES = export the pictures as PNG or DICOM
HINT_ORIGINAL_DICOM = use the original DICOM files, or convert the volume to DICOM
HINT_SAVE_AS_PNG = save the picture as PNG
HINT_UNPACK = unpack it, then scan the folder
HINT_FILES_BESIDE = nothing to do: the files next to it are read by their content
HINT_FIRST_IS_USED = nothing to do: the file found first is used
HINT_KEEP_PRIVATE_TAGS = export it again and keep the Siemens private tags
HINT_KEEP_THE_RIGHT_ONE = find out which of the two is right and remove the other
HINT_MAKE_SMALLER = make the picture smaller
HINT_NAME_FOLDER = to read the folder, name it as a path of its own
HINT_NOTHING_TO_DO = nothing to do
HINT_PERMISSIONS = check its permissions
HINT_PERMISSIONS_AND_DISK = check its permissions and the disk
HINT_REMOVE = remove it from the folder
HINT_SCAN_AGAIN = scan again
HINT_SPLIT = split the file
HINT_SUSPICIOUS_FILE = find out where the file comes from: no real scan looks like this


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
    [PD] proton density
    [FLAIR] FLAIR
   *[other] { $weighting }
}


## Words that are not ours: a model card’s, a library’s

TEXT = { $text }
