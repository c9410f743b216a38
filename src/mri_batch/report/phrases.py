"""What the pages say, in English, French and Russian. Machine files stay English.

Sentences that come from elsewhere in the tool (reasons, notes) are known by their pattern; what is not known is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mri_batch.settings import Language

LANGUAGES: tuple[Language, ...] = ("en", "fr", "ru")

PHRASES: dict[str, tuple[str, str, str]] = {
    "ruo": (
        "For research use only; not a medical device",
        "Réservé à la recherche ; n’est pas un dispositif médical",
        "Только для исследований; не является медицинским изделием",
    ),
    "skip": ("Skip to content", "Aller au contenu", "К содержанию"),
    "work_list": ("Work list", "Liste de travail", "Рабочий список"),
    "study_report": ("Study report", "Rapport d’étude", "Отчёт по исследованию"),
    "language": ("Language", "Langue", "Язык"),
    "theme": ("Light / dark", "Clair / sombre", "Светлая / тёмная"),
    "help": ("Help and keys", "Aide et touches", "Справка и клавиши"),
    "close": ("Close", "Fermer", "Закрыть"),
    "single_keys": (
        "Single-key shortcuts",
        "Raccourcis à une touche",
        "Однокнопочные команды",
    ),
    "no_script": (
        "Scripts are off: the key slices are shown as pictures; everything else on this page can be read.",
        "Scripts désactivés : les coupes clés sont montrées en images ; tout le reste de la page est lisible.",
        "Скрипты отключены: ключевые срезы показаны картинками, всё остальное на странице читается.",
    ),
    # What the model says
    "model_output": ("Model output", "Sortie du modèle", "Ответ модели"),
    "says": ("The model’s output is {0}", "La sortie du modèle est {0}", "Ответ модели: {0}"),
    "abstains": (
        "The model abstains: its output should not be used for this study",
        "Le modèle s’abstient : sa sortie ne doit pas être utilisée pour cette étude",
        "Модель воздерживается: её ответ для этого исследования использовать нельзя",
    ),
    "highest": ("Highest score: {0}", "Score le plus élevé : {0}", "Наибольшая оценка: {0}"),
    "probability": ("Calibrated probability", "Probabilité calibrée", "Калиброванная вероятность"),
    "probability_plain": (
        "Probability (not calibrated)",
        "Probabilité (non calibrée)",
        "Вероятность (без калибровки)",
    ),
    "set": ("Classes that remain plausible", "Classes qui restent plausibles", "Классы, которые остаются возможными"),
    "set_at": (
        "Classes that remain plausible (at most {0} of such sets miss the class)",
        "Classes qui restent plausibles (au plus {0} de ces ensembles omettent la classe)",
        "Классы, которые остаются возможными (класс упускают не более {0} таких наборов)",
    ),
    "none": ("none", "aucune", "нет"),
    "verdict": ("Verdict", "Verdict", "Вердикт"),
    "verdict_report": ("report", "à rapporter", "можно учитывать"),
    "verdict_caution": ("caution", "prudence", "осторожно"),
    "verdict_abstain": ("abstain", "abstention", "воздержание"),
    "status": ("Status", "État", "Состояние"),
    "status_done": ("done", "terminé", "готово"),
    "status_skipped": ("skipped", "ignoré", "пропущено"),
    "status_failed": ("failed", "échec", "сбой"),
    "status_used": ("used", "utilisé", "использован"),
    "reasons": ("Why", "Pourquoi", "Почему"),
    "not_done_skipped": (
        "This study was skipped: there is no model output",
        "Cette étude a été ignorée : aucune sortie du modèle",
        "Исследование пропущено: ответа модели нет",
    ),
    "not_done_failed": (
        "This study could not be finished: there is no model output",
        "Cette étude n’a pas pu être traitée : aucune sortie du modèle",
        "Исследование не удалось обработать: ответа модели нет",
    ),
    "code": ("Code", "Code", "Код"),
    "reason": ("Reason", "Raison", "Причина"),
    "code_help": (
        "What each code means and what to do about it stands in docs/errors.md.",
        "Le sens de chaque code et la marche à suivre se trouvent dans docs/errors.md.",
        "Что значит каждый код и что делать, описано в docs/errors.md.",
    ),
    # Files
    "files": ("Files", "Fichiers", "Файлы"),
    "file": ("File", "Fichier", "Файл"),
    "files_counts": (
        "Found {0}: used {1}, skipped {2}, failed {3}",
        "Trouvés {0} : utilisés {1}, ignorés {2}, en échec {3}",
        "Найдено {0}: использовано {1}, пропущено {2}, сбой {3}",
    ),
    "files_failed": (
        "Files that could not be read: {0}",
        "Fichiers illisibles : {0}",
        "Не удалось прочитать файлов: {0}",
    ),
    "files_skipped": ("Files left out: {0}", "Fichiers laissés de côté : {0}", "Не использовано файлов: {0}"),
    "files_more": (
        "and {0} more; all are in files.csv",
        "et {0} autres ; tous figurent dans files.csv",
        "и ещё {0}; все перечислены в files.csv",
    ),
    # Viewer
    "viewer": ("Slices", "Coupes", "Срезы"),
    "stage": (
        "Slice picture; wheel or arrow keys step, drag changes window and level",
        "Image de la coupe ; molette ou flèches pour défiler, glisser pour régler le fenêtrage",
        "Изображение среза; колесо или стрелки листают, перетаскивание меняет окно и уровень",
    ),
    "series": ("Series", "Série", "Серия"),
    "slice": ("Slice", "Coupe", "Срез"),
    "slice_of": ("Slice {0} of {1}", "Coupe {0} sur {1}", "Срез {0} из {1}"),
    "frame": ("frame {0}", "image {0}", "кадр {0}"),
    "key_slice": ("key slice", "coupe clé", "ключевой срез"),
    "not_shipped": (
        "This slice is not in the page",
        "Cette coupe n’est pas dans la page",
        "Этого среза нет на странице",
    ),
    "shown_of": (
        "{0} of {1} slices are in this page; hollow bars are the others",
        "{0} coupes sur {1} sont dans cette page ; les barres creuses sont les autres",
        "На странице {0} из {1} срезов; полые столбцы — остальные",
    ),
    "strip": (
        "Probability of {0}, slice by slice",
        "Probabilité de {0}, coupe par coupe",
        "Вероятность {0} по срезам",
    ),
    "strip_class": ("Class in the strip", "Classe de la bande", "Класс на полосе"),
    "previous_key": ("Previous key slice", "Coupe clé précédente", "Предыдущий ключевой срез"),
    "next_key": ("Next key slice", "Coupe clé suivante", "Следующий ключевой срез"),
    "heat": ("Heatmap", "Carte de chaleur", "Тепловая карта"),
    "overlay": ("Overlay", "Superposition", "Наложение"),
    "contour": ("Contour only", "Contour seul", "Только контур"),
    "smooth": ("Smooth", "Lisser", "Сгладить"),
    "peak": ("Mark the peak", "Marquer le maximum", "Отметить пик"),
    "method": ("Method", "Méthode", "Метод"),
    "class": ("Class", "Classe", "Класс"),
    "class_any": ("not tied to a class", "indépendante de la classe", "не привязана к классу"),
    "class_of": ("explains {0}", "explique {0}", "объясняет {0}"),
    "layer": ("Layer", "Couche", "Слой"),
    "head": ("Head", "Tête", "Голова"),
    "all_layers": ("all", "toutes", "все"),
    "layer_head": ("layer {0}, head {1}", "couche {0}, tête {1}", "слой {0}, голова {1}"),
    "opacity": ("Opacity", "Opacité", "Непрозрачность"),
    "threshold": ("Threshold", "Seuil", "Порог"),
    "window": ("Window", "Fenêtre", "Окно"),
    "level": ("Level", "Niveau", "Уровень"),
    "reset": ("Reset", "Réinitialiser", "Сбросить"),
    "no_heat": (
        "No heatmap on this slice: heat is worked out for key slices.",
        "Pas de carte sur cette coupe : elle n’est calculée que pour les coupes clés.",
        "На этом срезе карты нет: она считается для ключевых срезов.",
    ),
    "no_heat_at_all": (
        "No heatmap was asked for, or none could be made.",
        "Aucune carte demandée, ou aucune n’a pu être calculée.",
        "Карты не запрошены или не могли быть построены.",
    ),
    "bar": (
        "Colour bar: 0 to {0}, fixed for this model and method",
        "Échelle : 0 à {0}, fixe pour ce modèle et cette méthode",
        "Шкала: от 0 до {0}, постоянная для модели и метода",
    ),
    "bar_signed": (
        "Colour bar: {0} against to {0} for the class, fixed for this model and method",
        "Échelle : de {0} contre à {0} pour la classe, fixe pour ce modèle et cette méthode",
        "Шкала: от {0} против до {0} за класс, постоянная для модели и метода",
    ),
    "bar_clipped": (
        "This map reaches {0}: above the bar it is drawn in the last colour.",
        "Cette carte atteint {0} : au-delà de l’échelle, la dernière couleur est utilisée.",
        "Карта достигает {0}: выше шкалы она показана последним цветом.",
    ),
    "exact": ("full depth", "profondeur entière", "полная глубина"),
    "rounded": ("rounded to ±{0}", "arrondi à ±{0}", "округлено до ±{0}"),
    "reduced": ("shown at {0} of {1}", "montrée en {0} sur {1}", "показано {0} из {1}"),
    "value": ("row {0}, column {1}: {2}", "ligne {0}, colonne {1} : {2}", "строка {0}, столбец {1}: {2}"),
    # Captions
    "key_slices": ("Key slices", "Coupes clés", "Ключевые срезы"),
    "key_slices_note": (
        "The slices with the highest probability of their series’ class. Left: the slice; right: with the first method’s heat. "
        "Heat shows what the model’s output leans on, not where a finding is.",
        "Les coupes où la classe de la série est la plus probable. À gauche : la coupe ; à droite : avec la carte de la première "
        "méthode. Elle montre sur quoi s’appuie la sortie du modèle, pas l’emplacement d’une anomalie.",
        "Срезы с наибольшей вероятностью класса серии. Слева: срез; справа: с картой первого метода. "
        "Карта показывает, на что опирается ответ модели, а не где находится изменение.",
    ),
    "still_alt": (
        "Key slice {0}, plain and with heat",
        "Coupe clé {0}, seule et avec la carte",
        "Ключевой срез {0}, без карты и с картой",
    ),
    "open_slice": ("Show in the viewer", "Montrer dans la visionneuse", "Показать в просмотре"),
    "grid": ("native resolution {0} × {1}", "résolution native {0} × {1}", "собственное разрешение {0} × {1}"),
    "scale": ("scale 0 to {0}", "échelle 0 à {0}", "шкала от 0 до {0}"),
    "peak_at": (
        "peak at row {0}, column {1}",
        "maximum à la ligne {0}, colonne {1}",
        "пик: строка {0}, столбец {1}",
    ),
    "faithful": (
        "Faithfulness {0} (0 = chance; p = {1}, {2} random orders)",
        "Fidélité {0} (0 = hasard ; p = {1}, {2} ordres aléatoires)",
        "Верность {0} (0 = случайность; p = {1}, случайных порядков: {2})",
    ),
    "chance": (
        "No better than chance on this slice: do not read this map",
        "Pas mieux que le hasard sur cette coupe : ne pas interpréter cette carte",
        "На этом срезе не лучше случайности: карту не толковать",
    ),
    "better": ("better than chance", "mieux que le hasard", "лучше случайности"),
    "untested": (
        "Faithfulness not tested on this slice",
        "Fidélité non testée sur cette coupe",
        "Верность на этом срезе не проверялась",
    ),
    "licence_passed": (
        "For this model the method passed its faithfulness tests.",
        "Pour ce modèle, la méthode a réussi ses tests de fidélité.",
        "Для этой модели метод прошёл проверки верности.",
    ),
    "licence_failed": (
        "For this model the method FAILED its faithfulness tests.",
        "Pour ce modèle, la méthode a ÉCHOUÉ à ses tests de fidélité.",
        "Для этой модели метод НЕ прошёл проверки верности.",
    ),
    "licence_untested": (
        "For this model the method’s faithfulness is untested.",
        "Pour ce modèle, la fidélité de la méthode n’est pas testée.",
        "Для этой модели верность метода не проверена.",
    ),
    "other_maps": ("Other maps: {0}", "Autres cartes : {0}", "Другие карты: {0}"),
    "prepared": (
        "What the model saw of slice {0}",
        "Ce que le modèle a vu de la coupe {0}",
        "Что модель видела на срезе {0}",
    ),
    "prepared_short": ("what the model saw", "ce que le modèle a vu", "что видела модель"),
    # Quality
    "quality": ("Input quality", "Qualité des données", "Качество данных"),
    "series_used": ("Series used", "Séries utilisées", "Использованные серии"),
    "slices": ("Slices", "Coupes", "Срезы"),
    "modality": ("Modality", "Modalité", "Модальность"),
    "facts": ("Acquisition", "Acquisition", "Параметры съёмки"),
    "notes": ("Notes on the pictures", "Remarques sur les images", "Замечания к изображениям"),
    "no_notes": (
        "Nothing was noted about the pictures.",
        "Aucune remarque sur les images.",
        "Замечаний к изображениям нет.",
    ),
    # Model
    "model": ("Model", "Modèle", "Модель"),
    "intended_use": ("Intended use", "Usage prévu", "Назначение"),
    "limits": ("Limits", "Limites", "Ограничения"),
    "classes": ("Classes", "Classes", "Классы"),
    "metrics": ("Figures from its card", "Chiffres de sa fiche", "Показатели из карточки"),
    "calibration": ("Calibration", "Calibration", "Калибровка"),
    "calibration_temperature": (
        "temperature {0}, fitted on {1}",
        "température {0}, ajustée sur {1}",
        "температура {0}, подобрана на: {1}",
    ),
    "calibration_none": ("none", "aucune", "нет"),
    "architecture": ("Architecture", "Architecture", "Архитектура"),
    "licence": ("Licence", "Licence", "Лицензия"),
    # Provenance
    "provenance": ("Provenance", "Provenance", "Происхождение"),
    "study_id": ("Study id", "Identifiant d’étude", "Номер исследования"),
    "source": ("Source", "Source", "Источник"),
    "digest": ("Model digest (SHA-256)", "Empreinte du modèle (SHA-256)", "Дайджест модели (SHA-256)"),
    "key": ("Result key", "Clé du résultat", "Ключ результата"),
    "timings": ("Time taken", "Durée", "Время"),
    "made_by": ("Made by", "Produit par", "Создано"),
    "download": ("Save result.json", "Enregistrer result.json", "Сохранить result.json"),
    # Feedback
    "feedback": ("Your reading", "Votre lecture", "Ваше мнение"),
    "feedback_note": (
        "Kept in this browser alone; the work list saves all of it as one file.",
        "Conservé dans ce navigateur seulement ; la liste de travail enregistre le tout en un fichier.",
        "Хранится только в этом браузере; рабочий список сохраняет всё одним файлом.",
    ),
    "agree": ("agree", "d’accord", "согласен"),
    "disagree": ("disagree", "pas d’accord", "не согласен"),
    "unsure": ("unsure", "incertain", "не уверен"),
    "note": ("Note", "Remarque", "Заметка"),
    "save_feedback": ("Save feedback", "Enregistrer les avis", "Сохранить мнения"),
    "feedback_count": ("Answered: {0}", "Réponses : {0}", "Ответов: {0}"),
    "no_storage": (
        "This browser keeps nothing: save before you leave the page.",
        "Ce navigateur ne conserve rien : enregistrez avant de quitter la page.",
        "Браузер ничего не хранит: сохраните до ухода со страницы.",
    ),
    "agreement": ("Reader agreement", "Accord des lecteurs", "Согласие читающих"),
    "agreement_rate": (
        "Agree {0} of {1} who were sure: {2} (95 % interval {3} to {4})",
        "D’accord {0} sur {1} avis tranchés : {2} (intervalle à 95 % : {3} à {4})",
        "Согласны {0} из {1} уверенных: {2} (95 % интервал от {3} до {4})",
    ),
    "agreement_none": (
        "No reader was sure of any study",
        "Aucun avis tranché",
        "Уверенных ответов нет",
    ),
    "agreement_group": ("Group", "Groupe", "Группа"),
    "agreement_total": ("all", "tous", "все"),
    "agreement_share": ("Agreement", "Accord", "Согласие"),
    # Work list
    "studies": ("Studies", "Études", "Исследования"),
    "study": ("Study", "Étude", "Исследование"),
    "output": ("Model output", "Sortie du modèle", "Ответ модели"),
    "position": ("No.", "N°", "№"),
    "picture": ("Picture", "Image", "Снимок"),
    "thumb_alt": (
        "Key slice with heat",
        "Coupe clé avec carte",
        "Ключевой срез с картой",
    ),
    "filter": ("Filter", "Filtrer", "Фильтр"),
    "filter_hint": (
        "Words in the study’s name, output or reason",
        "Mots du nom, de la sortie ou de la raison",
        "Слова из названия, ответа или причины",
    ),
    "sort": ("Order", "Ordre", "Порядок"),
    "sort_input": ("as found", "comme trouvé", "как найдено"),
    "sort_source": ("name", "nom", "название"),
    "sort_label": ("output", "sortie", "ответ"),
    "sort_probability": ("probability", "probabilité", "вероятность"),
    "sort_verdict": ("verdict", "verdict", "вердикт"),
    "all": ("all", "tous", "все"),
    "showing": ("{0} to {1} of {2}", "{0} à {1} sur {2}", "с {0} по {1} из {2}"),
    "nothing": ("No study matches.", "Aucune étude ne correspond.", "Ничего не найдено."),
    "page": ("Page {0}", "Page {0}", "Страница {0}"),
    "pages": ("Pages", "Pages", "Страницы"),
    "clear": ("Clear", "Effacer", "Очистить"),
    "filter_first": (
        "Filter and sort over all studies",
        "Filtrer et trier toutes les études",
        "Фильтр и порядок по всем исследованиям",
    ),
    "machine_files": ("Files for machines", "Fichiers pour machines", "Файлы для машин"),
    "order_note": (
        "In the order found; sorting by suspicion makes the last patient wait longest.",
        "Dans l’ordre trouvé ; trier par suspicion allonge la plus longue attente.",
        "В порядке обнаружения: сортировка по подозрению удлиняет самое долгое ожидание.",
    ),
    "totals": (
        "{0} studies: {1} done, {2} skipped, {3} failed",
        "{0} études : {1} terminées, {2} ignorées, {3} en échec",
        "Исследований {0}: готово {1}, пропущено {2}, сбой {3}",
    ),
    # Keys
    "k_step": ("next / previous slice", "coupe suivante / précédente", "следующий / предыдущий срез"),
    "k_ends": ("first / last slice", "première / dernière coupe", "первый / последний срез"),
    "k_key": ("next / previous key slice", "coupe clé suivante / précédente", "следующий / предыдущий ключевой срез"),
    "k_series": ("next series", "série suivante", "следующая серия"),
    "k_overlay": ("overlay on / off", "superposition oui / non", "наложение вкл / выкл"),
    "k_contour": ("contour only", "contour seul", "только контур"),
    "k_method": ("next method", "méthode suivante", "следующий метод"),
    "k_window": ("window narrower / wider", "fenêtre plus étroite / large", "окно уже / шире"),
    "k_level": ("level down / up", "niveau plus bas / haut", "уровень ниже / выше"),
    "k_reset": ("reset window and level", "réinitialiser le fenêtrage", "сбросить окно и уровень"),
    "k_wheel": ("wheel", "molette", "колесо"),
    "k_drag": ("drag", "glisser", "перетащить"),
    "k_double": ("double click", "double clic", "двойной щелчок"),
    "k_drag_does": (
        "across: window; up and down: level",
        "en travers : fenêtre ; de haut en bas : niveau",
        "поперёк: окно; вверх и вниз: уровень",
    ),
    "k_theme": ("light / dark", "clair / sombre", "светлая / тёмная"),
    "k_help": ("this help", "cette aide", "эта справка"),
    "k_filter": ("to the filter", "vers le filtre", "к фильтру"),
    "k_rows": ("next / previous study", "étude suivante / précédente", "следующее / предыдущее исследование"),
    "k_open": ("open the study", "ouvrir l’étude", "открыть исследование"),
    # Methods
    "m_rollout": ("Attention rollout", "Déroulement de l’attention", "Развёртка внимания"),
    "m_attention": ("Raw attention", "Attention brute", "Сырое внимание"),
    "m_gradient_rollout": (
        "Gradient-weighted attention rollout",
        "Déroulement de l’attention pondéré par le gradient",
        "Развёртка внимания, взвешенная градиентом",
    ),
    "m_chefer": ("Attention relevance (Chefer)", "Pertinence de l’attention (Chefer)", "Значимость внимания (Chefer)"),
    "m_gradcam": ("Grad-CAM", "Grad-CAM", "Grad-CAM"),
    "m_gradient": ("Gradient", "Gradient", "Градиент"),
    "m_smoothgrad": ("SmoothGrad", "SmoothGrad", "SmoothGrad"),
    "m_integrated_gradients": ("Integrated gradients", "Gradients intégrés", "Интегрированные градиенты"),
    "m_occlusion": ("Occlusion", "Occlusion", "Перекрытие"),
    "m_rise": ("RISE", "RISE", "RISE"),
    "m_lime": ("LIME", "LIME", "LIME"),
    "caveat_attention": (
        "Attention shows where the model looked, not what it concluded, and is the same for every class.",
        "L’attention montre où le modèle a regardé, pas ce qu’il en a conclu ; elle est la même pour toutes les classes.",
        "Внимание показывает, куда модель смотрела, а не что она заключила, и одинаково для всех классов.",
    ),
    "caveat_gradient": (
        "Gradients show where small changes would move the output; they are noisy and follow edges.",
        "Les gradients montrent où de petits changements feraient bouger la sortie ; ils sont bruités et suivent les contours.",
        "Градиенты показывают, где малые изменения сдвинули бы ответ; они шумны и тянутся к границам.",
    ),
    "caveat_cam": (
        "Coarse: the map spreads over whole cells of the model’s grid.",
        "Grossière : la carte s’étend sur des cellules entières de la grille du modèle.",
        "Грубая: карта растекается на целые ячейки сетки модели.",
    ),
    "caveat_perturbation": (
        "Measured by covering parts of the picture, which the model never met in training.",
        "Mesurée en masquant des parties de l’image, ce que le modèle n’a jamais vu à l’entraînement.",
        "Измерена закрыванием частей снимка, чего модель при обучении не видела.",
    ),
    # Sentences from elsewhere
    "s_unlike": (
        "the pictures are unlike those that the model was trained on",
        "les images ne ressemblent pas à celles de l’entraînement du modèle",
        "изображения непохожи на те, на которых обучалась модель",
    ),
    "s_unusual": (
        "the pictures are unusual for this model",
        "les images sont inhabituelles pour ce modèle",
        "изображения необычны для этой модели",
    ),
    "s_no_class": (
        "no class reaches a probability of {0}",
        "aucune classe n’atteint une probabilité de {0}",
        "ни один класс не достигает вероятности {0}",
    ),
    "s_below": (
        "the probability is below {0}",
        "la probabilité est inférieure à {0}",
        "вероятность ниже {0}",
    ),
    "s_implausible": (
        "no class is plausible at the stated error rate",
        "aucune classe n’est plausible au taux d’erreur annoncé",
        "при заявленной доле ошибок ни один класс невозможен",
    ),
    "s_several": (
        "{0} classes remain plausible",
        "{0} classes restent plausibles",
        "возможных классов: {0}",
    ),
    "s_disagree": (
        "the series of this study disagree",
        "les séries de cette étude se contredisent",
        "серии этого исследования расходятся",
    ),
    "s_unread": (
        "{0} of {1} files could not be read",
        "{0} fichiers sur {1} n’ont pas pu être lus",
        "не удалось прочитать файлов: {0} из {1}",
    ),
    "s_shown": (
        "{0} of {1} slices are shown: the key slices and an even choice of the others",
        "{0} coupes sur {1} sont montrées : les coupes clés et un choix régulier des autres",
        "показано срезов: {0} из {1}: ключевые и равномерный выбор остальных",
    ),
}

SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(re.escape(english).replace(r"\{0\}", r"(\S+)").replace(r"\{1\}", r"(\S+)")), key)
    for key, (english, _, _) in PHRASES.items()
    if key.startswith("s_")
)

CAVEATS = {
    "rollout": "caveat_attention",
    "attention": "caveat_attention",
    "gradcam": "caveat_cam",
    "gradient": "caveat_gradient",
    "smoothgrad": "caveat_gradient",
    "integrated_gradients": "caveat_gradient",
    "occlusion": "caveat_perturbation",
    "rise": "caveat_perturbation",
    "lime": "caveat_perturbation",
}


def say(key: str, lang: Language, values: Sequence[object] = ()) -> str:
    """Say a phrase in a language, with its places filled."""
    return PHRASES[key][LANGUAGES.index(lang)].format(*values)


def find_sentence(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Find the phrase that a sentence from elsewhere is, and what fills its places; None where it is not known."""
    for pattern, key in SENTENCES:
        match = pattern.fullmatch(text)
        if match:
            return key, match.groups()
    return None
