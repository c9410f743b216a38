# What mri-batch says, in Russian. The conventions stand at the head of en.ftl.
# Counts have the forms one (1, 21), few (2, 23), many (5, 11) and other (fractions).

language_name = русский


## Every page

ruo = Только для исследований; не является медицинским изделием
skip = К содержанию
work_list = Рабочий список
study_report = Отчёт по исследованию
explanations = Объяснения
language = Язык
theme = Светлая / тёмная
help = Справка и клавиши
close = Закрыть
single_keys = Команды из одной клавиши
no_script = Скрипты отключены: ключевые срезы показаны неподвижными картинками. Всё остальное на странице можно прочитать.
yes = да
none = нет
all = все


## What the model says

model_output = Ответ модели
says = Ответ модели: { $label }
abstains = Модель воздерживается: её ответ для этого исследования использовать нельзя
highest = Наибольшая оценка: { $label }
probability = Калиброванная вероятность
probability_plain = Вероятность (без калибровки)
rests_on = На чём основано
rests_on_one = { $probability }: срез { $slices } из { $total }
rests_on_several = { $probability }: среднее по срезам { $slices } из { $total }
slices_from_to = { $first }–{ $last }
set = Классы, которые остаются возможными
set_at = Классы, которые остаются возможными (верный класс упускают не более { $share } таких наборов)
verdict = Вердикт
verdict_report = можно учитывать
verdict_caution = осторожно
verdict_abstain = воздержание
status = Состояние
status_done = готово
status_skipped = пропущено
status_failed = сбой
reasons = Почему
not_done_skipped = Исследование пропущено: ответа модели нет
not_done_failed = Исследование обработать не удалось: ответа модели нет
code = Код
reason = Причина
code_help = Что значит каждый код и что делать, описано в docs/reference/errors.md.


## Files

files = Файлы
file = Файл
files_counts = найдено { $found } (использовано { $used }, пропущено { $skipped }, сбой { $failed })
files_failed = { $n ->
    [one] Не удалось прочитать { $n } файл
    [few] Не удалось прочитать { $n } файла
    [many] Не удалось прочитать { $n } файлов
   *[other] Не удалось прочитать { $n } файла
}
files_skipped = { $n ->
    [one] Пропущен { $n } файл
    [few] Пропущено { $n } файла
    [many] Пропущено { $n } файлов
   *[other] Пропущено { $n } файла
}
files_more = и ещё { $n }; все перечислены в files.csv


## Viewer

viewer = Срезы
stage = Срез; колесо или стрелки листают, перетаскивание меняет окно и уровень
series = Серия
slice = Срез
slice_of = Срез { $n } из { $total }
frame = кадр { $n }
key_slice = ключевой срез
shown_of = { $n ->
    [one] На странице { $n } срез из { $total }; полые столбцы — остальные
    [few] На странице { $n } среза из { $total }; полые столбцы — остальные
    [many] На странице { $n } срезов из { $total }; полые столбцы — остальные
   *[other] На странице { $n } среза из { $total }; полые столбцы — остальные
}
strip = Вероятность класса «{ $label }» по срезам
strip_shaded = Затенены срезы, на которых основан ответ.
strip_class = Столбцы
previous_key = Предыдущий ключевой срез
next_key = Следующий ключевой срез
heat = Тепловая карта
overlay = Наложение
contour = Только контур
smooth = Сгладить
peak = Отметить пик
method = Метод
class = Класс
class_any = не привязана к классу
class_of = объясняет класс «{ $label }»
layer = Слой
head = Голова
all_layers = все
layer_head = слой { $layer }, голова { $head }
heads_scale = шкала заканчивается наибольшим весом слоя на этом срезе
heads_note = { $heads ->
    [one] Внимание токена класса: слои с { $first } по { $last }, { $heads } голова в каждом; «все» — их среднее.
    [few] Внимание токена класса: слои с { $first } по { $last }, { $heads } головы в каждом; «все» — их среднее.
    [many] Внимание токена класса: слои с { $first } по { $last }, { $heads } голов в каждом; «все» — их среднее.
   *[other] Внимание токена класса: слои с { $first } по { $last }, { $heads } головы в каждом; «все» — их среднее.
}
opacity = Непрозрачность
threshold = Порог
window = Окно
level = Уровень
reset = Сбросить
no_heat = На этом срезе карты нет: карты строятся только для ключевых срезов.
no_heat_at_all = Карты не запрашивались или не могли быть построены.
bar = Шкала: от 0 до { $max }, постоянная для модели и метода.
bar_layer = Шкала: от 0 до { $max }, наибольший вес слоя на этом срезе.
bar_signed = Шкала: от { $max } против класса до { $max } в его пользу, постоянная для модели и метода.
bar_clipped = Карта достигает { $max }; значения выше шкалы показаны последним цветом.
exact = полная глубина
rounded = округлено до ±{ $error }
reduced = показано { $shown } из { $full }
value = строка { NUMBER($row, useGrouping: 0) }, столбец { NUMBER($col, useGrouping: 0) }: { $value }


## Captions

key_slices = Ключевые срезы
key_slices_note = Из решающих срезов: те, что сильнее всего говорят в пользу класса своей серии, а если это отсутствие изменений — самые подозрительные. Слева: срез; справа: срез с картой первого метода. Карта показывает, на что опирается ответ модели, а не где находится изменение.
still_alt = Ключевой срез { $n }, без карты и с картой
heat_alt = Тепловая карта: { $what }
open_slice = Показать в просмотре
grid = собственное разрешение { $rows } × { $cols }
scale = шкала от 0 до { $max }
peak_at = пик: строка { NUMBER($row, useGrouping: 0) }, столбец { NUMBER($col, useGrouping: 0) }
faithful = { $n ->
    [one] Верность { $score } (0 = случайность; p = { $p }, { $n } случайный порядок)
    [few] Верность { $score } (0 = случайность; p = { $p }, { $n } случайных порядка)
    [many] Верность { $score } (0 = случайность; p = { $p }, { $n } случайных порядков)
   *[other] Верность { $score } (0 = случайность; p = { $p }, { $n } случайного порядка)
}
chance = На этом срезе не лучше случайности: карту не толковать
better = лучше случайности
untested = Верность на этом срезе не проверялась
validation_passed = Для этой модели метод прошёл проверки верности.
validation_failed = Для этой модели метод НЕ прошёл проверки верности.
validation_untested = Для этой модели верность метода не проверена.
other_maps = { $n ->
    [one] Ещё { $n } карта
    [few] Ещё { $n } карты
    [many] Ещё { $n } карт
   *[other] Ещё { $n } карты
}
prepared = Срез { $n }, каким его видела модель
prepared_short = каким его видела модель
explained_class = Объясняемый класс: { $label }
methods = Методы
passes = { $n ->
    [one] { $n } проход
    [few] { $n } прохода
    [many] { $n } проходов
   *[other] { $n } прохода
}
layers_and_heads = Все слои и головы


## Quality

quality = Качество данных
series_used = Использованные серии
slices = Срезы
modality = Модальность
why_used = Почему использована
facts = Параметры съёмки
notes = Замечания к изображениям
no_notes = Замечаний к изображениям нет.
fact_role = Назначение
fact_series_number = Номер серии
fact_body_part = Область тела
fact_weighting = Взвешенность
fact_contrast = Контрастное вещество
fact_plane = Плоскость
fact_slice_spacing = Шаг срезов
fact_frames = Кадры
role_localizer = локализатор
role_derived = расчётная карта
role_capture = вторичный снимок
role_phase = фазовое или комплексное изображение
role_field_map = карта поля
role_diffusion = необработанная диффузия
role_perfusion = необработанная перфузия
role_time_series = временной ряд
role_echo_planar = необработанная эхопланарная серия
role_no_image = не изображение


## Model

model = Модель
intended_use = Назначение
limits = Ограничения
classes = Классы
metrics = Показатели из карточки
calibration = Калибровка
calibration_temperature = температура { $temperature }, подобрана на: { $data }
calibration_none = нет
licence = Лицензия


## Provenance

provenance = Происхождение
study_id = Идентификатор исследования
source = Источник
digest = Контрольная сумма модели (SHA-256)
key = Ключ результата
timings = Время
made_by = Создано
download = Сохранить result.json


## Feedback

feedback = Ваше мнение
feedback_note = Хранится только в этом браузере; рабочий список сохраняет всё одним файлом.
agree = согласен
disagree = не согласен
unsure = не уверен
note = Заметка
save_feedback = Сохранить мнения
feedback_count = Ответов: { $n }
no_storage = Браузер ничего не хранит: сохраните до ухода со страницы.
agreement = Согласие читающих
agreement_rate = Согласны { $agree } из { $sure } уверенных: { $share } (95 % интервал: от { $low } до { $high })
agreement_none = Уверенных ответов нет
agreement_group = Группа
agreement_total = все
agreement_share = Согласие


## Work list

studies = Исследования
study = Исследование
output = Ответ модели
position = №
picture = Снимок
thumb_alt = Ключевой срез с картой
filter = Фильтр
filter_hint = Слова из названия, ответа или причины
sort = Порядок
sort_input = как найдено
sort_source = название
sort_label = ответ
sort_probability = вероятность
sort_verdict = вердикт
showing = с { $first } по { $last } из { $total }
nothing = Ничего не найдено.
page = Страница { $number }
pages = Страницы
clear = Очистить
filter_first = Фильтр и порядок по всем исследованиям
machine_files = Машиночитаемые файлы
order_note = В порядке обнаружения: при сортировке по подозрению последний пациент ждал бы дольше всех.
totals = { $total ->
    [one] { $total } исследование: готово { $done }, пропущено { $skipped }, сбой { $failed }
    [few] { $total } исследования: готово { $done }, пропущено { $skipped }, сбой { $failed }
    [many] { $total } исследований: готово { $done }, пропущено { $skipped }, сбой { $failed }
   *[other] { $total } исследования: готово { $done }, пропущено { $skipped }, сбой { $failed }
}


## Keys

k_step = следующий / предыдущий срез
k_ends = первый / последний срез
k_key = следующий / предыдущий ключевой срез
k_suspicious = самый подозрительный срез
k_series = следующая серия
k_overlay = наложение вкл / выкл
k_contour = только контур
k_method = следующий метод
k_window = окно уже / шире
k_level = уровень ниже / выше
k_reset = сбросить окно и уровень
k_wheel = колесо
k_drag = перетащить
k_double = двойной щелчок
k_drag_does = по горизонтали: окно; по вертикали: уровень
k_theme = светлая / тёмная
k_help = эта справка
k_filter = к фильтру
k_rows = следующее / предыдущее исследование
k_open = открыть исследование


## Methods

method_rollout = Attention rollout
method_attention = Исходное внимание
method_gradient_rollout = Attention rollout, взвешенный градиентом
method_relevance = Значимость внимания (Chefer)
method_gradient = Градиент
method_input_x_gradient = Вход × градиент
method_integrated_gradients = Интегрированные градиенты
method_smoothgrad = SmoothGrad
method_guided_backprop = Управляемое обратное распространение
method_gradcam = Grad-CAM
method_gradcam_pp = Grad-CAM++
method_activations = Карты признаков
method_occlusion = Перекрытие
method_rise = RISE
method_lime = LIME
method_kernel_shap = Kernel SHAP
caveat_attention = Внимание показывает, куда модель смотрела, а не что она заключила, и одинаково для всех классов.
caveat_relevance = Значимость следует за вниманием, взвешенным градиентом класса; то, что идёт в обход внимания, не учтено.
caveat_gradient = Градиенты показывают, где малые изменения сдвинули бы ответ; они шумны и тянутся вдоль границ.
caveat_guided = Управляемое обратное распространение рисует границы снимка и мало зависит от того, чему научилась модель: это не доказательство.
caveat_cam = Грубая: тепло растекается на целые ячейки сетки модели.
caveat_activations = Карты признаков показывают, где модель вообще откликается, а не на какой класс.
caveat_perturbation = Измерена закрыванием частей снимка, чего модель при обучении не видела.


## Classes that packages commonly have

label_glioma = глиома
label_meningioma = менингиома
label_pituitary = опухоль гипофиза
label_no_tumor = нет опухоли
label_notumor = нет опухоли
label_tumor = опухоль
label_normal = норма
label_covid = COVID-19
label_non_covid = нет COVID-19
label_basophil = базофил
label_eosinophil = эозинофил
label_erythroblast = эритробласт
label_ig = незрелый гранулоцит
label_immature_granulocyte = незрелый гранулоцит
label_lymphocyte = лимфоцит
label_monocyte = моноцит
label_neutrophil = нейтрофил
label_platelet = тромбоцит


## Notes: verdicts

GATE_REFUSED = изображения непохожи на те, на которых обучалась модель
GATE_CAUTION = изображения необычны для этой модели
PROBABILITY_ABSTAIN = ни один класс не достигает вероятности { NUMBER($threshold, minimumFractionDigits: 2) }
PROBABILITY_CAUTION = вероятность ниже { NUMBER($threshold, minimumFractionDigits: 2) }
SET_EMPTY = при заявленной доле ошибок ни один класс не остаётся возможным
LABEL_OUTSIDE_SET = самый вероятный класс не входит в число остающихся возможными
SET_SEVERAL = { $n ->
    [one] возможным остаётся { $n } класс
    [few] возможными остаются { $n } класса
    [many] возможными остаются { $n } классов
   *[other] возможными остаются { $n } класса
}
SERIES_DISAGREE = серии этого исследования противоречат друг другу
FILES_UNREADABLE = { $n ->
    [one] не удалось прочитать { $n } файл из { $total }
    [few] не удалось прочитать { $n } файла из { $total }
    [many] не удалось прочитать { $n } файлов из { $total }
   *[other] не удалось прочитать { $n } файла из { $total }
}


## Notes: slices and series

SLICES_SHOWN = { $n ->
    [one] показан { $n } срез из { $total }: ключевые срезы и равномерный выбор остальных
    [few] показаны { $n } среза из { $total }: ключевые срезы и равномерный выбор остальных
    [many] показано { $n } срезов из { $total }: ключевые срезы и равномерный выбор остальных
   *[other] показано { $n } среза из { $total }: ключевые срезы и равномерный выбор остальных
}
LOSSY_COMPRESSION = сжатие с потерями изменило пиксели
BURNED_IN_TEXT = по заголовку, в снимок впечатан текст; он может раскрыть имя пациента
DERIVED_PIXELS = по заголовку, изображения производные, а не исходные
POSITIONS_MISSING = положения срезов неизвестны, поэтому срезы упорядочены по номерам
SLICES_MISSING = { $n ->
    [one] похоже, пропущен { $n } срез (в положениях есть разрыв)
    [few] похоже, пропущено { $n } среза (в положениях есть разрывы)
    [many] похоже, пропущено { $n } срезов (в положениях есть разрывы)
   *[other] похоже, пропущено { $n } среза (в положениях есть разрывы)
}
SLICES_REPEATED = { $n ->
    [one] { $n } срез занимает то же положение, что и другой
    [few] { $n } среза занимают то же положение, что и другой
    [many] { $n } срезов занимают то же положение, что и другой
   *[other] { $n } среза занимают то же положение, что и другой
}
VALUES_NOT_FINITE = значения пикселей, не являющиеся конечными числами, заменены наименьшим или наибольшим из остальных
RESCALE_UNUSABLE = масштабирование из заголовка выходит за пределы измеримых значений, поэтому использованы сохранённые значения
SLOPE_ZERO = в заголовке указан коэффициент масштабирования 0, он прочитан как 1
PATIENTS_PARTED = в заголовках с одним UID исследования указаны люди с разной датой рождения или полом; каждый выделен в отдельное исследование
STACKS_PARTED = под одним UID серии хранится несколько стопок срезов; они различаются по { $by }
PICTURE_TURNED = снимок показан повёрнутым согласно метке ориентации; строки и столбцы отсчитаны по повёрнутому снимку
MOSAIC_TILE = срез вырезан из мозаики
MOSAIC_WORD_ALONE = заголовок называет снимок мозаикой, но её данных не содержит; снимок прочитан как один срез
OFFSETS_WRONG = таблица смещений не соответствует кадрам, поэтому они найдены напрямую
FRAMES_DERIVED = в заголовке не указано число кадров; пиксели содержат { $n }
PIXELS_SURPLUS = файл содержит больше пикселей, чем указано в заголовке; излишек не использован
SERIES_OF_PICTURES = обычные картинки не содержат данных о съёмке, поэтому использованы все
SERIES_FITS = подходит модели, насколько говорит заголовок: { $known }
SERIES_UNTOLD = в заголовке ничто не говорит против неё
SERIES_OTHER = эта серия ({ $found }) не из тех, для которых предназначена модель ({ $wanted })
SERIES_OTHERS_FIT = { $misfit }; другие серии исследования подходят
SERIES_NONE_FITS = { $misfit }; лучше подходящих серий в исследовании нет
SERIES_OTHER_CONTRAST = модель предназначена для серий, которые отличаются от этой введением контраста, и в исследовании такие есть
SERIES_NO_CONTRAST = модель предназначена только для серий с контрастом или только без него, и ни про одну серию исследования не известно, что она подходит
ROLE_LOCALIZER = локализатор служит лишь для планирования других серий
ROLE_CAPTURE = вторичный снимок — копия экрана, а не полученное при съёмке изображение
ROLE_DERIVED = модель не обучалась на расчётных картах
ROLE_PHASE = модель не обучалась на фазовых и комплексных изображениях
ROLE_FIELD_MAP = карта поля служит лишь для коррекции других серий
ROLE_DIFFUSION = модель не обучалась на необработанных диффузионных сериях
ROLE_PERFUSION = модель не обучалась на необработанных перфузионных сериях
ROLE_TIME_SERIES = временной ряд повторяет одни и те же срезы, чтобы измерить сигнал
ROLE_ECHO_PLANAR = модель не обучалась на необработанных эхопланарных сериях
NO_SLICE = нет среза для классификации


## Notes: files

FILE_EMPTY = файл пуст
FILE_TOO_LARGE = { $size_bytes ->
    [one] в файле { $size_bytes } байт; предел — { $limit_bytes }
    [few] в файле { $size_bytes } байта; предел — { $limit_bytes }
    [many] в файле { $size_bytes } байт; предел — { $limit_bytes }
   *[other] в файле { $size_bytes } байта; предел — { $limit_bytes }
}
FILE_UNREADABLE = файл не читается: { $why }
FILE_VANISHED = файл исчез до открытия
FOLDER_UNREADABLE = не удалось прочитать содержимое папки: { $why }
FOLDER_LOOP = папка содержит саму себя
FOLDER_TOO_DEEP = папка вложена глубже { $limit } уровней
LINK_DANGLING = ссылка никуда не ведёт
LINK_LOOP = ссылка ведёт на саму себя
LINK_TO_FOLDER = переход по ссылкам на папки не выполняется
LINK_TO_FOUND = ссылка ведёт на файл, который уже читается на своём месте
NOT_A_FILE = канал, сокет или устройство — не файл
NOT_A_PICTURE = не DICOM, не PNG, не JPEG и не TIFF
NAME_MISLEADS = по имени это снимок, по содержимому нет
SIDE_FILE = служебный файл macOS без снимка
EARLIER_RESULTS = результаты прежнего запуска
NOT_DOWNLOADED = заглушка: сам файл не загружен
FORMAT_NOT_READ = файлы { $format } не читаются
DUPLICATE_CONTENT = то же содержимое, что у { $file }
DUPLICATE_RECODED = тот же объект, что { $file }, в другой кодировке
DUPLICATE_PIXELS = те же пиксели, что у { $file }; отличается только заголовок
DUPLICATE_UNSOUND = копия { $file }, пиксели которой не читаются
DUPLICATE_DIFFERS = тот же UID объекта, что у { $file }, но другое содержимое
ALL_FILES_UNREADABLE = { $n ->
    [1] не удалось прочитать { $n } файл: { $first }
    [one] не удалось прочитать { $n } файл; первый: { $first }
    [few] не удалось прочитать { $n } файла; первый: { $first }
    [many] не удалось прочитать { $n } файлов; первый: { $first }
   *[other] не удалось прочитать { $n } файла; первый: { $first }
}
PERMISSION_DENIED = доступ запрещён
INPUT_ERROR = ошибка ввода-вывода


## Notes: headers

HEADER_UNREADABLE = заголовок DICOM не читается
TOO_DEEP = слишком глубокая вложенность последовательностей
TOO_MANY_ELEMENTS = { $limit ->
    [one] в заголовке больше { $limit } элемента
    [few] в заголовке больше { $limit } элементов
    [many] в заголовке больше { $limit } элементов
   *[other] в заголовке больше { $limit } элемента
}
DEFLATED_TOO_LARGE = сжатые данные распаковываются более чем в { $mib } МиБ
MEMORY_EXCEEDED = файлу нужно больше памяти, чем доступно
DICOMDIR = DICOMDIR лишь перечисляет файлы
CLASS_WITHOUT_PICTURE = { $sop_class }: нет снимка для классификации
CLASS_UNKNOWN = объект DICOM неизвестного класса


## Notes: pixels

PIXELS_MISSING = файл обрывается раньше пикселей
PIXELS_UNDECODABLE = пиксели не удалось декодировать
VALUES_ALL_NOT_FINITE = ни одно значение пикселя не является конечным числом
PIXELS_NOT_PROMISED = по заголовку, в снимке нет пикселей
ATTRIBUTE_MISSING = атрибут { $name } отсутствует или пуст
PICTURE_UNDECODABLE = снимок не удалось декодировать
PICTURE_TOO_LARGE = в заголовке снимка указано { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей
PICTURE_HUGE = в заголовке снимка указано больше пикселей, чем бывает в исследованиях
PAGES_TOO_MANY = { $n ->
    [one] в файле указана { $n } страница
    [few] в файле указаны { $n } страницы
    [many] в файле указано { $n } страниц
   *[other] в файле указано { $n } страницы
}
FRAMES_TOO_MANY = { $n ->
    [one] в заголовке указан { $n } кадр по { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей
    [few] в заголовке указаны { $n } кадра по { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей
    [many] в заголовке указано { $n } кадров по { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей
   *[other] в заголовке указано { $n } кадра по { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей
}
FRAMES_LOST = { $n ->
    [one] { $n } кадр файла непригоден: { $reason }
    [few] { $n } кадра файла непригодны: { $reason }
    [many] { $n } кадров файла непригодны: { $reason }
   *[other] { $n } кадра файла непригодны: { $reason }
}
FRAME_WITHOUT_SIZE = в сжатом кадре не указан его размер
FRAME_SIZE_DIFFERS = в заголовке указано { $header }, а в сжатом кадре { $frame }
FRAME_SIZE = { $samples ->
    [one] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей по { $samples } отсчёту
    [few] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей по { $samples } отсчёта
    [many] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей по { $samples } отсчётов
   *[other] { NUMBER($rows, useGrouping: 0) } × { NUMBER($cols, useGrouping: 0) } пикселей по { $samples } отсчёта
}
RUNS_TOO_LONG = длины серий кадра дают больше, чем указано в заголовке
MOSAIC_UNCOUNTED = мозаика, в которой не указано, сколько в ней срезов
NO_DECODER = нет декодера: { $what }
SYNTAX = синтаксис передачи { $name }
SYNTAX_12_BIT = 12-битные отсчёты в синтаксисе передачи { $name }
SYNTAX_UNKNOWN = синтаксис передачи, которого нет в стандарте
BITS_PER_SAMPLE = { $bits ->
    [one] { $bits } бит на отсчёт
    [few] { $bits } бита на отсчёт
    [many] { $bits } бит на отсчёт
   *[other] { $bits } бита на отсчёт
}
DECODER_PANICKED = аварийный сбой декодера
PICTURE_LAYOUT = снимок такого вида (отсчётов на пиксель: { $samples }, бит на отсчёт: { $bits })
WITH_DETAIL = { $reason } ({ $detail })


## Notes: studies that were not finished

STUDY_STOPPED = остановлено через { $seconds } с
STUDY_MEMORY = исследованию нужно больше памяти, чем может занять рабочий процесс
WORKER_DIED = рабочий процесс внезапно завершился на этом исследовании ({ $how })
SIGNAL = сигнал { $name }
EXIT_CODE = код выхода { NUMBER($number, useGrouping: 0) }
CLUSTER_GAVE_UP = кластер отказался от исследования ({ $error })
INTERNAL_ERROR = непредвиденная ошибка { $error } в { $file }:{ NUMBER($line, useGrouping: 0) }


## Notes: explanations

SCALE_OF_SERIES = шкала взята по этой серии: в пакете модели её нет
METHOD_FAILED_VALIDATION = метод не прошёл проверки верности на этой модели
METHOD_CANNOT_RUN = { $method } не работает с { $model }: { $reason }
METHOD_EXCLUDED = пакет модели исключает этот метод
NO_FEATURE_MAPS = в пакете модели нет карт признаков
NO_ATTENTION = в пакете модели нет выходов внимания
NO_GRADCAM = в пакете модели нет графа Grad-CAM
NO_ATTENTION_GRADIENT = в пакете модели нет градиентов внимания
NO_GRADIENT = в пакете модели нет графа градиентов
NO_RELU = в сети нет ReLU, а управляемое обратное распространение определено только для ReLU
COMPLETENESS_ERROR = ошибка полноты: { NUMBER($share, style: "percent", maximumFractionDigits: 1) } изменения оценки
PANEL_HEAD = слой { $layer }, голова { $head }
PANEL_STAGE = стадия { $stage }


## Notes: DICOM results

DICOM_SOURCE_NOT_DICOM = нет результатов DICOM: источник не DICOM
DICOM_SOURCE_UNREADABLE = нет результатов DICOM: исходный файл не удалось прочитать снова ({ $error })
DICOM_NO_KEY_SLICE = нет результатов DICOM: в исследовании нет ключевых срезов
DICOM_NO_DATE = нет результатов DICOM: у исследования нет даты
DICOM_NO_HEAT = { $output ->
    [sr] нет структурированного отчёта: тепловых карт нет
    [sc] нет вторичного снимка: тепловых карт нет
    [pm] нет параметрической карты: тепловых карт нет
   *[other] нет DICOM { $output }: тепловых карт нет
}
DICOM_HEADER_REFUSED = { $output ->
    [sr] нет структурированного отчёта: не позволяет заголовок источника ({ $error })
    [sc] нет вторичного снимка: не позволяет заголовок источника ({ $error })
    [pm] нет параметрической карты: не позволяет заголовок источника ({ $error })
   *[other] нет DICOM { $output }: не позволяет заголовок источника ({ $error })
}
PM_NO_PLACE = нет параметрической карты: у источника нет положения, ориентации или размера пикселя
PM_NO_FRAME_OF_REFERENCE = нет параметрической карты: у источника нет системы координат (frame of reference)


## Hints: what to do

HINT_CONVERT = преобразуйте файл в Explicit VR Little Endian там, откуда он взят
HINT_COPY_AGAIN = скопируйте файл заново из источника
HINT_COPY_TARGET = скопируйте сам файл
HINT_DISK = проверьте диск
HINT_DOWNLOAD = загрузите файл и повторите запуск
HINT_EXPORT_PICTURES = экспортируйте снимки в PNG или DICOM
HINT_ORIGINAL_DICOM = используйте исходные файлы DICOM или преобразуйте объём в DICOM
HINT_SAVE_AS_PNG = сохраните снимок в PNG
HINT_UNPACK = распакуйте архив и обработайте папку
HINT_FILES_BESIDE = делать ничего не нужно: соседние файлы читаются по содержимому
HINT_FIRST_IS_USED = делать ничего не нужно: использован первый найденный файл
HINT_KEEP_PRIVATE_TAGS = экспортируйте заново с сохранением частных полей Siemens
HINT_KEEP_THE_RIGHT_ONE = выясните, какой из двух верен, и уберите другой
HINT_MAKE_SMALLER = уменьшите снимок
HINT_NAME_FOLDER = чтобы прочитать папку, укажите её саму как путь
HINT_NOTHING_TO_DO = делать ничего не нужно
HINT_PERMISSIONS = проверьте права доступа
HINT_PERMISSIONS_AND_DISK = проверьте права доступа и диск
HINT_REMOVE = уберите из папки
HINT_SCAN_AGAIN = запустите обработку снова
HINT_SPLIT = разделите файл
HINT_SUSPICIOUS_FILE = выясните, откуда взялся файл: настоящие исследования так не выглядят


## Notes: terms of acquisition

PLANE = { $plane ->
    [axial] аксиальная
    [coronal] корональная
    [sagittal] сагиттальная
   *[other] { $plane }
}
OBLIQUE = косая
WEIGHTING = { $weighting ->
    [T1] T1
    [T2] T2
    [T2STAR] T2*
    [PD] протонная плотность
    [FLAIR] FLAIR
   *[other] { $weighting }
}


## Words that are not ours: a model card’s, a library’s

TEXT = { $text }
