# What mri-batch says, in Spanish. The conventions stand at the head of en.ftl.
# A no-break space (U+00A0) stands between a number and its unit or percent sign.

language_name = Español


## Every page

ruo = Solo para investigación; no es un producto sanitario
skip = Ir al contenido
work_list = Lista de trabajo
study_report = Informe del estudio
explanations = Explicaciones
language = Idioma
theme = Claro / oscuro
help = Ayuda y teclas
close = Cerrar
single_keys = Atajos de una sola tecla
no_script = Los scripts están desactivados: los cortes clave se muestran como imágenes fijas. Todo lo demás de esta página se puede leer.
yes = sí
none = ninguna
all = todos


## What the model says

model_output = Salida del modelo
says = Salida del modelo: { $label }
abstains = El modelo se abstiene: su salida no debe usarse para este estudio
highest = Puntuación más alta: { $label }
probability = Probabilidad calibrada
probability_plain = Probabilidad (sin calibrar)
rests_on = En qué se basa
rests_on_one = { $probability }: corte { $slices } de { $total }
rests_on_several = { $probability }: la media de los cortes { $slices } de { $total }
slices_from_to = { $first } a { $last }
set = Clases que siguen siendo plausibles
set_at = Clases que siguen siendo plausibles (a lo sumo { $share } de estos conjuntos omiten la clase verdadera)
verdict = Veredicto
verdict_report = informar
verdict_caution = precaución
verdict_abstain = abstención
status = Estado
status_done = terminado
status_skipped = omitido
status_failed = fallido
reasons = Por qué
not_done_skipped = Este estudio se omitió: no hay salida del modelo
not_done_failed = Este estudio falló: no hay salida del modelo
code = Código
reason = Motivo
code_help = docs/reference/errors.md explica cada código y qué hacer.


## Files

files = Archivos
file = Archivo
files_counts = { $found ->
    [one] { $found } encontrado
   *[other] { $found } encontrados
} (usados: { $used }, omitidos: { $skipped }, fallidos: { $failed })
files_failed = { $n ->
    [one] { $n } archivo no se pudo leer
   *[other] { $n } archivos no se pudieron leer
}
files_skipped = { $n ->
    [one] { $n } archivo se omitió
   *[other] { $n } archivos se omitieron
}
files_more = y { $n } más; todos están en files.csv


## Viewer

viewer = Cortes
stage = Corte; la rueda o las flechas cambian de corte, arrastrar cambia la ventana y el nivel
series = Serie
slice = Corte
slice_of = Corte { $n } de { $total }
frame = fotograma { $n }
key_slice = corte clave
shown_of = { $n ->
    [one] { $n } de { $total } cortes está en esta página; las barras huecas son los demás
   *[other] { $n } de { $total } cortes están en esta página; las barras huecas son los demás
}
strip = Probabilidad de la clase «{ $label }», corte a corte
strip_shaded = Sombreados: los cortes en los que se basa la salida.
strip_class = Las barras muestran
previous_key = Corte clave anterior
next_key = Corte clave siguiente
heat = Mapa de calor
overlay = Superposición
contour = Solo contorno
smooth = Suavizar
peak = Marcar el máximo
method = Método
class = Clase
class_any = no ligado a una clase
class_of = explica la clase «{ $label }»
layer = Capa
head = Cabeza
all_layers = todas
layer_head = capa { $layer }, cabeza { $head }
heads_scale = la escala termina en el mayor peso de la capa en este corte
heads_note = { $heads ->
    [one] Atención del token de clase: capas { $first } a { $last }, { $heads } cabeza por capa; «todas» es su media.
   *[other] Atención del token de clase: capas { $first } a { $last }, { $heads } cabezas por capa; «todas» es su media.
}
opacity = Opacidad
threshold = Umbral
window = Ventana
level = Nivel
reset = Restablecer
no_heat = No hay mapa de calor en este corte: solo se calculan para los cortes clave.
no_heat_at_all = No se pidió ningún mapa de calor, o no se pudo calcular ninguno.
bar = Escala de color: de 0 a { $max }, fija para este modelo y este método.
bar_layer = Escala de color: de 0 a { $max }, el mayor peso de la capa en este corte.
bar_signed = Escala de color: de { $max } en contra de la clase a { $max } a favor, fija para este modelo y este método.
bar_clipped = Este mapa llega a { $max }; los valores por encima de la escala se dibujan en el último color.
exact = profundidad completa
rounded = redondeado a ±{ $error }
reduced = mostrado a { $shown } de { $full }
value = fila { NUMBER($row, useGrouping: 0) }, columna { NUMBER($col, useGrouping: 0) }: { $value }


## Captions

key_slices = Cortes clave
key_slices_note = De los cortes decisivos: los que más apoyan la clase de su serie o, si esta es la ausencia de hallazgos, los más sospechosos. Izquierda: el corte; derecha: el corte con el mapa del primer método. El mapa muestra en qué se apoya la salida del modelo, no dónde hay un hallazgo.
still_alt = Corte clave { $n }, sin mapa y con mapa de calor
heat_alt = Mapa de calor: { $what }
open_slice = Mostrar en el visor
grid = resolución nativa { $rows } × { $cols }
scale = escala de 0 a { $max }
peak_at = máximo en la fila { NUMBER($row, useGrouping: 0) }, columna { NUMBER($col, useGrouping: 0) }
faithful = { $n ->
    [one] Fidelidad { $score } (0 = azar; p = { $p }, { $n } orden aleatorio)
   *[other] Fidelidad { $score } (0 = azar; p = { $p }, { $n } órdenes aleatorios)
}
chance = No mejor que el azar en este corte: no interprete este mapa
better = mejor que el azar
untested = Fidelidad no comprobada en este corte
validation_passed = Para este modelo, el método superó sus pruebas de fidelidad.
validation_failed = Para este modelo, el método NO superó sus pruebas de fidelidad.
validation_untested = Para este modelo, la fidelidad del método no se ha comprobado.
other_maps = { $n ->
    [one] { $n } mapa más
   *[other] { $n } mapas más
}
prepared = El corte { $n } tal como lo vio el modelo
prepared_short = tal como lo vio el modelo
explained_class = Clase explicada: { $label }
methods = Métodos
passes = { $n ->
    [one] { $n } pasada
   *[other] { $n } pasadas
}
layers_and_heads = Todas las capas y cabezas


## Quality

quality = Calidad de los datos
series_used = Series usadas
slices = Cortes
modality = Modalidad
why_used = Por qué se usó
facts = Adquisición
notes = Notas sobre las imágenes
no_notes = No hay notas sobre las imágenes.
fact_role = Función
fact_series_number = Número de serie
fact_body_part = Región anatómica
fact_weighting = Ponderación
fact_contrast = Medio de contraste
fact_plane = Plano
fact_slice_spacing = Separación entre cortes
fact_frames = Fotogramas
role_localizer = localizador
role_derived = mapa calculado
role_capture = captura secundaria
role_phase = imagen de fase o compleja
role_field_map = mapa de campo
role_diffusion = difusión sin procesar
role_perfusion = perfusión sin procesar
role_time_series = serie temporal
role_echo_planar = ecoplanar sin procesar
role_no_image = no es una imagen


## Model

model = Modelo
intended_use = Uso previsto
limits = Límites
classes = Clases
metrics = Cifras de su ficha
calibration = Calibración
calibration_temperature = temperatura { $temperature }, ajustada con { $data }
calibration_none = ninguna
licence = Licencia


## Provenance

provenance = Procedencia
study_id = Identificador del estudio
source = Origen
digest = Huella del modelo (SHA-256)
key = Clave del resultado
timings = Duración
made_by = Creado con
download = Guardar result.json


## Feedback

feedback = Su lectura
feedback_note = Se guarda solo en este navegador; la lista de trabajo lo guarda todo en un archivo.
agree = de acuerdo
disagree = en desacuerdo
unsure = con dudas
note = Nota
save_feedback = Guardar las opiniones
feedback_count = Respuestas: { $n }
no_storage = Este navegador no guarda nada: guarde antes de salir de la página.
agreement = Acuerdo de los lectores
agreement_rate = De acuerdo { $agree } de { $sure } sin dudas: { $share } (intervalo del 95 %: de { $low } a { $high })
agreement_none = Nadie respondió sin dudas sobre ningún estudio
agreement_group = Grupo
agreement_total = todos
agreement_share = Acuerdo


## Work list

studies = Estudios
study = Estudio
output = Salida del modelo
position = N.º
picture = Imagen
thumb_alt = Corte clave con mapa de calor
filter = Filtrar
filter_hint = Palabras del nombre, la salida o el motivo
sort = Orden
sort_input = como se encontraron
sort_source = nombre
sort_label = salida
sort_probability = probabilidad
sort_verdict = veredicto
showing = { $first } a { $last } de { $total }
nothing = Ningún estudio coincide.
page = Página { $number }
pages = Páginas
clear = Borrar
filter_first = Filtrar y ordenar todos los estudios
machine_files = Archivos legibles por máquina
order_note = En el orden en que se encontraron: ordenar por sospecha haría esperar más al último paciente.
totals = { $total ->
    [one] { $total } estudio (terminados: { $done }, omitidos: { $skipped }, fallidos: { $failed })
   *[other] { $total } estudios (terminados: { $done }, omitidos: { $skipped }, fallidos: { $failed })
}


## Keys

k_step = corte siguiente / anterior
k_ends = primer / último corte
k_key = corte clave siguiente / anterior
k_suspicious = corte más sospechoso
k_series = serie siguiente
k_overlay = superposición sí / no
k_contour = solo contorno
k_method = método siguiente
k_window = ventana más estrecha / ancha
k_level = nivel más bajo / alto
k_reset = restablecer ventana y nivel
k_wheel = rueda
k_drag = arrastrar
k_double = doble clic
k_drag_does = en horizontal: ventana; en vertical: nivel
k_theme = claro / oscuro
k_help = esta ayuda
k_filter = al filtro
k_rows = estudio siguiente / anterior
k_open = abrir el estudio


## Methods

method_rollout = Attention rollout
method_attention = Atención sin procesar
method_gradient_rollout = Attention rollout ponderado por el gradiente
method_relevance = Relevancia de la atención (Chefer)
method_gradient = Gradiente
method_input_x_gradient = Entrada × gradiente
method_integrated_gradients = Gradientes integrados
method_smoothgrad = SmoothGrad
method_guided_backprop = Retropropagación guiada
method_gradcam = Grad-CAM
method_gradcam_pp = Grad-CAM++
method_activations = Mapas de características
method_occlusion = Oclusión
method_rise = RISE
method_lime = LIME
method_kernel_shap = Kernel SHAP
caveat_attention = La atención muestra dónde miró el modelo, no qué concluyó, y es la misma para todas las clases.
caveat_relevance = La relevancia sigue la atención ponderada por el gradiente de la clase; lo que no pasa por la atención no se cuenta.
caveat_gradient = Los gradientes muestran dónde pequeños cambios moverían la salida; son ruidosos y siguen los bordes.
caveat_guided = La retropropagación guiada dibuja los bordes de la imagen y depende poco de lo que aprendió el modelo: no es una prueba.
caveat_cam = Poco detallado: el calor se extiende por celdas enteras de la cuadrícula del modelo.
caveat_activations = Los mapas de características muestran dónde responde el modelo, no para qué clase.
caveat_perturbation = Medido tapando partes de la imagen, algo que el modelo nunca vio en el entrenamiento.


## Classes that packages commonly have

label_glioma = glioma
label_meningioma = meningioma
label_pituitary = tumor hipofisario
label_no_tumor = sin tumor
label_notumor = sin tumor
label_tumor = tumor
label_normal = normal
label_covid = COVID-19
label_non_covid = sin COVID-19
label_basophil = basófilo
label_eosinophil = eosinófilo
label_erythroblast = eritroblasto
label_ig = granulocito inmaduro
label_immature_granulocyte = granulocito inmaduro
label_lymphocyte = linfocito
label_monocyte = monocito
label_neutrophil = neutrófilo
label_platelet = plaqueta


## Notes: verdicts

GATE_REFUSED = las imágenes no se parecen a las usadas para entrenar el modelo
GATE_CAUTION = las imágenes son inusuales para este modelo
PROBABILITY_ABSTAIN = ninguna clase alcanza una probabilidad de { NUMBER($threshold, minimumFractionDigits: 2) }
PROBABILITY_CAUTION = la probabilidad es inferior a { NUMBER($threshold, minimumFractionDigits: 2) }
SET_EMPTY = ninguna clase es plausible con la tasa de error indicada
LABEL_OUTSIDE_SET = la clase más probable no está entre las que siguen siendo plausibles
SET_SEVERAL = { $n ->
    [one] { $n } clase sigue siendo plausible
   *[other] { $n } clases siguen siendo plausibles
}
SERIES_DISAGREE = las series de este estudio se contradicen
FILES_UNREADABLE = { $n ->
    [one] { $n } de { $total } archivos no se pudo leer
   *[other] { $n } de { $total } archivos no se pudieron leer
}


## Notes: slices and series

SLICES_SHOWN = { $n ->
    [one] se muestra { $n } de { $total } cortes: un corte clave
   *[other] se muestran { $n } de { $total } cortes: los cortes clave y una selección uniforme de los demás
}
LOSSY_COMPRESSION = la compresión con pérdida ha alterado los píxeles
BURNED_IN_TEXT = la cabecera indica que hay texto incrustado en la imagen; puede identificar al paciente
DERIVED_PIXELS = la cabecera indica que las imágenes son derivadas, no originales
POSITIONS_MISSING = faltan las posiciones de los cortes, así que se ordenan por su número
SLICES_MISSING = { $n ->
    [one] parece faltar { $n } corte (hay un hueco entre las posiciones)
   *[other] parecen faltar { $n } cortes (hay huecos entre las posiciones)
}
SLICES_REPEATED = { $n ->
    [one] { $n } corte tiene la misma posición que otro
   *[other] { $n } cortes tienen la misma posición que otro
}
VALUES_NOT_FINITE = los valores de píxel que no son números finitos se sustituyeron por el menor o el mayor de los demás
RESCALE_UNUSABLE = el reescalado de la cabecera excede todo valor medible, por lo que se usan los valores almacenados
SLOPE_ZERO = la cabecera indica una pendiente de reescalado de 0, que se lee como 1
PATIENTS_PARTED = las cabeceras de un mismo UID de estudio nombran a personas de distinta fecha de nacimiento o sexo; cada una es un estudio propio
STACKS_PARTED = un mismo UID de serie contiene varias pilas de cortes; se distinguen por { $by }
PICTURE_TURNED = la imagen se muestra girada, como pide su etiqueta de orientación; filas y columnas son las de la imagen girada
MOSAIC_TILE = el corte es una tesela de un mosaico
MOSAIC_WORD_ALONE = la cabecera llama mosaico a la imagen, pero no contiene los datos de uno; se lee como un solo corte
OFFSETS_WRONG = la tabla de desplazamientos no corresponde a los fotogramas, por lo que se localizaron directamente
FRAMES_DERIVED = la cabecera no indica cuántos fotogramas hay; los píxeles contienen { $n }
PIXELS_SURPLUS = el archivo contiene más píxeles de los que declara su cabecera; el excedente no se usa
SERIES_OF_PICTURES = las imágenes corrientes no contienen datos de adquisición, así que se usan todas
SERIES_FITS = es adecuada para el modelo, según la cabecera: { $known }
SERIES_UNTOLD = nada en la cabecera lo desaconseja
SERIES_OTHER = esta serie ({ $found }) no es de las que el modelo espera ({ $wanted })
SERIES_OTHERS_FIT = { $misfit }; otras series del estudio son adecuadas
SERIES_NONE_FITS = { $misfit }; ninguna serie del estudio es más adecuada
SERIES_OTHER_CONTRAST = el modelo es para series que difieren de esta en el contraste, y el estudio las tiene
SERIES_NO_CONTRAST = el modelo es solo para series con contraste o solo para series sin él, y no consta que alguna serie del estudio sea adecuada
ROLE_LOCALIZER = un localizador solo sirve para planificar las demás series
ROLE_CAPTURE = una captura secundaria es una captura de pantalla, no una imagen adquirida
ROLE_DERIVED = el modelo no se entrenó con mapas calculados
ROLE_PHASE = el modelo no se entrenó con imágenes de fase o complejas
ROLE_FIELD_MAP = un mapa de campo solo sirve para corregir otras series
ROLE_DIFFUSION = el modelo no se entrenó con series de difusión sin procesar
ROLE_PERFUSION = el modelo no se entrenó con series de perfusión sin procesar
ROLE_TIME_SERIES = una serie temporal repite los mismos cortes para medir una señal
ROLE_ECHO_PLANAR = el modelo no se entrenó con series ecoplanares sin procesar
NO_SLICE = no hay ningún corte que clasificar


## Notes: files

FILE_EMPTY = el archivo está vacío
FILE_TOO_LARGE = { $size_bytes ->
    [one] el archivo tiene { $size_bytes } byte; el límite es { $limit_bytes }
   *[other] el archivo tiene { $size_bytes } bytes; el límite es { $limit_bytes }
}
FILE_UNREADABLE = el archivo no se puede leer: { $why }
FILE_VANISHED = el archivo desapareció antes de abrirse
FOLDER_UNREADABLE = no se puede listar el contenido de la carpeta: { $why }
FOLDER_LOOP = la carpeta se contiene a sí misma
FOLDER_TOO_DEEP = la carpeta está a más de { $limit } niveles de profundidad
LINK_DANGLING = el enlace no lleva a ninguna parte
LINK_LOOP = el enlace vuelve a sí mismo
LINK_TO_FOLDER = no se siguen los enlaces a carpetas
LINK_TO_FOUND = el enlace lleva a un archivo que ya se lee en su propia ubicación
NOT_A_FILE = una tubería, un socket o un dispositivo no es un archivo
NOT_A_PICTURE = no es DICOM ni PNG, JPEG o TIFF
NAME_MISLEADS = por el nombre parece una imagen, pero el contenido no lo es
SIDE_FILE = un archivo auxiliar de macOS, sin imagen
EARLIER_RESULTS = los resultados de un análisis anterior
NOT_DOWNLOADED = un marcador de posición: el archivo en sí no se ha descargado
FORMAT_NOT_READ = los archivos { $format } no se leen
DUPLICATE_CONTENT = el mismo contenido que { $file }
DUPLICATE_RECODED = la misma instancia que { $file }, codificada de otro modo
DUPLICATE_PIXELS = los mismos píxeles que { $file }; solo difiere la cabecera
DUPLICATE_UNSOUND = una copia de { $file } cuyos píxeles no se pueden leer
DUPLICATE_DIFFERS = el mismo UID de instancia que { $file }, pero contenido distinto
ALL_FILES_UNREADABLE = { $n ->
    [one] { $n } archivo no se pudo leer: { $first }
   *[other] { $n } archivos no se pudieron leer; el primero: { $first }
}
PERMISSION_DENIED = permiso denegado
INPUT_ERROR = error de entrada/salida


## Notes: headers

HEADER_UNREADABLE = la cabecera DICOM no se puede leer
TOO_DEEP = las secuencias están demasiado anidadas
TOO_MANY_ELEMENTS = { $limit ->
    [one] la cabecera tiene más de { $limit } elemento
   *[other] la cabecera tiene más de { $limit } elementos
}
DEFLATED_TOO_LARGE = los datos comprimidos superan { $mib } MiB al descomprimirse
MEMORY_EXCEEDED = el archivo necesita más memoria de la disponible
DICOMDIR = un DICOMDIR solo enumera archivos
CLASS_WITHOUT_PICTURE = { $sop_class }: no hay imagen que clasificar
CLASS_UNKNOWN = un objeto DICOM de clase desconocida


## Notes: pixels

PIXELS_MISSING = el archivo termina antes de sus píxeles
PIXELS_UNDECODABLE = los píxeles no se pueden decodificar
VALUES_ALL_NOT_FINITE = ningún valor de píxel es un número finito
PIXELS_NOT_PROMISED = la cabecera declara una imagen sin píxeles
ATTRIBUTE_MISSING = el atributo { $name } falta o está vacío
PICTURE_UNDECODABLE = la imagen no se puede decodificar
PICTURE_TOO_LARGE = la cabecera de la imagen declara { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } píxeles
PICTURE_HUGE = la cabecera de la imagen declara más píxeles de los que tiene cualquier estudio
PAGES_TOO_MANY = { $n ->
    [one] el archivo declara { $n } página
   *[other] el archivo declara { $n } páginas
}
FRAMES_TOO_MANY = { $n ->
    [one] la cabecera declara { $n } fotograma de { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } píxeles
   *[other] la cabecera declara { $n } fotogramas de { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } píxeles
}
FRAMES_LOST = { $n ->
    [one] { $n } fotograma de un archivo no se puede usar: { $reason }
   *[other] { $n } fotogramas de un archivo no se pueden usar: { $reason }
}
FRAME_WITHOUT_SIZE = un fotograma comprimido no indica su tamaño
FRAME_SIZE_DIFFERS = la cabecera declara { $header }, pero el fotograma comprimido tiene { $frame }
FRAME_SIZE = { $samples ->
    [one] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } píxeles de { $samples } muestra
   *[other] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } píxeles de { $samples } muestras
}
RUNS_TOO_LONG = las series codificadas de un fotograma superan lo que declara la cabecera
MOSAIC_UNCOUNTED = un mosaico que no indica cuántos cortes contiene
NO_DECODER = no hay decodificador para { $what }
SYNTAX = la sintaxis de transferencia { $name }
SYNTAX_12_BIT = muestras de 12 bits en la sintaxis de transferencia { $name }
SYNTAX_UNKNOWN = una sintaxis de transferencia que no está en el estándar
BITS_PER_SAMPLE = { $bits ->
    [one] { $bits } bit por muestra
   *[other] { $bits } bits por muestra
}
DECODER_PANICKED = el decodificador falló (panic)
PICTURE_LAYOUT = este tipo de imagen (muestras por píxel: { $samples }, bits por muestra: { $bits })
WITH_DETAIL = { $reason } ({ $detail })


## Notes: studies that were not finished

STUDY_STOPPED = detenido tras { $seconds } s
STUDY_MEMORY = el estudio necesita más memoria de la que un proceso puede usar
WORKER_DIED = el proceso se interrumpió bruscamente en este estudio ({ $how })
SIGNAL = señal { $name }
EXIT_CODE = código de salida { NUMBER($number, useGrouping: 0) }
CLUSTER_GAVE_UP = el clúster abandonó este estudio ({ $error })
INTERNAL_ERROR = error inesperado { $error } en { $file }:{ NUMBER($line, useGrouping: 0) }


## Notes: explanations

SCALE_OF_SERIES = la escala es propia de esta serie, porque el paquete del modelo no incluye ninguna
METHOD_FAILED_VALIDATION = este método no superó sus pruebas de fidelidad con este modelo
METHOD_CANNOT_RUN = { $method } no funciona con { $model }: { $reason }
METHOD_EXCLUDED = el paquete del modelo excluye este método
NO_FEATURE_MAPS = el paquete del modelo no tiene mapas de características
NO_ATTENTION = el paquete del modelo no tiene salidas de atención
NO_GRADCAM = el paquete del modelo no tiene grafo Grad-CAM
NO_ATTENTION_GRADIENT = el paquete del modelo no tiene gradientes de la atención
NO_GRADIENT = el paquete del modelo no tiene grafo de gradientes
NO_RELU = la red no tiene ReLU, y la retropropagación guiada solo está definida para ReLU
COMPLETENESS_ERROR = error de completitud: { NUMBER($share, style: "percent", maximumFractionDigits: 1) } del cambio de la puntuación
PANEL_HEAD = capa { $layer }, cabeza { $head }
PANEL_STAGE = etapa { $stage }


## Notes: DICOM results

DICOM_SOURCE_NOT_DICOM = sin resultados DICOM: el origen no es DICOM
DICOM_SOURCE_UNREADABLE = sin resultados DICOM: un archivo de origen no se pudo leer de nuevo ({ $error })
DICOM_NO_KEY_SLICE = sin resultados DICOM: el estudio no tiene cortes clave
DICOM_NO_DATE = sin resultados DICOM: el estudio no tiene fecha
DICOM_NO_HEAT = { $output ->
    [sr] sin informe estructurado: no hay mapa de calor
    [sc] sin captura secundaria: no hay mapa de calor
    [pm] sin mapa paramétrico: no hay mapa de calor
   *[other] sin { $output } DICOM: no hay mapa de calor
}
DICOM_HEADER_REFUSED = { $output ->
    [sr] sin informe estructurado: la cabecera del origen no lo permite ({ $error })
    [sc] sin captura secundaria: la cabecera del origen no lo permite ({ $error })
    [pm] sin mapa paramétrico: la cabecera del origen no lo permite ({ $error })
   *[other] sin { $output } DICOM: la cabecera del origen no lo permite ({ $error })
}
PM_NO_PLACE = sin mapa paramétrico: el origen no tiene posición, orientación o separación de píxeles
PM_NO_FRAME_OF_REFERENCE = sin mapa paramétrico: el origen no tiene sistema de referencia (frame of reference)


## Hints: what to do

HINT_CONVERT = convierta el archivo a Explicit VR Little Endian en su origen
HINT_COPY_AGAIN = copie de nuevo el archivo desde su origen
HINT_COPY_TARGET = copie el propio archivo
HINT_DISK = compruebe el disco
HINT_DOWNLOAD = descargue el archivo y repita el análisis
HINT_EXPORT_PICTURES = exporte las imágenes como PNG o DICOM
HINT_ORIGINAL_DICOM = use los archivos DICOM originales o convierta el volumen a DICOM
HINT_SAVE_AS_PNG = guarde la imagen como PNG
HINT_UNPACK = descomprímalo y analice la carpeta
HINT_FILES_BESIDE = nada que hacer: los archivos contiguos se leen por su contenido
HINT_FIRST_IS_USED = nada que hacer: se usa el primer archivo encontrado
HINT_KEEP_PRIVATE_TAGS = expórtelo de nuevo conservando los campos privados de Siemens
HINT_KEEP_THE_RIGHT_ONE = averigüe cuál de los dos es el correcto y quite el otro
HINT_MAKE_SMALLER = reduzca la imagen
HINT_NAME_FOLDER = para leer la carpeta, indíquela ella misma como ruta
HINT_NOTHING_TO_DO = nada que hacer
HINT_PERMISSIONS = compruebe sus permisos
HINT_PERMISSIONS_AND_DISK = compruebe sus permisos y el disco
HINT_REMOVE = quítelo de la carpeta
HINT_SCAN_AGAIN = ejecute de nuevo el análisis
HINT_SPLIT = divida el archivo
HINT_SUSPICIOUS_FILE = averigüe de dónde viene el archivo: ningún estudio real es así


## Notes: terms of acquisition

PLANE = { $plane ->
    [axial] axial
    [coronal] coronal
    [sagittal] sagital
   *[other] { $plane }
}
OBLIQUE = oblicuo
WEIGHTING = { $weighting ->
    [T1] T1
    [T2] T2
    [T2STAR] T2*
    [PD] densidad protónica
    [FLAIR] FLAIR
   *[other] { $weighting }
}


## Words that are not ours: a model card’s, a library’s

TEXT = { $text }
