"""Words by language that sites write around readers' comments: headings, signatures, buttons, dates.

Each is a regular expression. A comment whose word is not in this table is still found if the page marks it otherwise.
"""

import re
from dataclasses import dataclass

# "3 comments", "评论（12）": a number may have its separators, its brackets and a word that counts.
COUNT = r"\d[\d.,’ \xa0\u202f]*"
COUNTERS = r"(?:条|條|件の?|個の?|个|則|则|개의?|건의?|x|×)"
# Words for the readers of a page, of all languages but English.
READERS = (
    r"leser|nutzer|user|lect|lettor|leitor|lezer|читател|пользовател|czytelnik|okur|okuyucu|القراء"
    r"|网友|網友|读者|讀者|読者|독자"
)
# Words that sites write around comments in English, besides the patterns of `rag.documents.comments.site`.
ENGLISH_COMMENTS = r"(?:comments?|replies|reply|responses?|reactions?|reviews?|thoughts?|postings?|contributions?)"
ENGLISH_SAYS = r"says|said|wrote|writes|commented"
ENGLISH_BUTTONS = (
    r"repl(?:y|ies)|shares?|report(?: abuse)?|likes?|recommend(?:ed)?|(?:up|down)?votes?|points?|permalink"
    r"|(?:dis)?agree|answer|edit(?:ed)?|flag|delete|quote|helpful|follow|link"
)
# Words that begin a sentence and are not part of a name.
OPENERS = frozenset(
    re.findall(r"\w+", "i if you we they he she it but and or the a an this that what why how who no not yes my your")
)
# Words in lower case that a name may have.
PARTICLES = frozenset(re.findall(r"\w+", "al and bin da de del den der di do dos du e el from la le of the van von y"))
# Words before or after the number of a page.
PAGE_WORDS = (
    r"pages?|p a g e|pag?\.|pp?\.|pág(?:ina)?|pagin[ae]|seite|s\.|bladzijde|blz|side|sida|sivu|stron[ay]|str|strana"
    r"|oldal|страница|стр|сторінка|σελίδα|sayfa|صفحة|עמוד|第|页|頁|ページ|쪽"
)


@dataclass(frozen=True, slots=True)
class Language:
    """Patterns for the words that sites of one language write around comments.

    `comments` names readers' comments; alone it may be a heading. `answers` may be a chapter's heading, and needs a
    number and a signature. `says` follows a name, `by` before it, and `at` before a date or a time. `buttons` are
    below a comment, `notes` begin lines of the site, and `published` begins a line that names an outlet. `dates` are
    months, and words of dates such as "3 days ago".
    """

    comments: str
    answers: str
    says: str
    by: str
    at: str
    buttons: str
    notes: str
    published: str
    dates: str


LANGUAGES = {
    "de": Language(
        comments=r"(?:(?:alle|die|neueste|ihre|unsere|eure) )?(?:leser|nutzer|user|gäste|besucher"
        r"|online-?)?kommentare(?: (?:der|unserer|von) (?:leser|nutzer|user|besucher|gästen?)(?:innen)?.{0,20})?"
        r"|kommentarbereich|leser(?:briefe|stimmen|meinungen|zuschriften|reaktionen|forum|debatte)"
        r"|(?:das )?sagen unsere leser|ihre meinung",
        answers=r"kommentar|antwort(?:en)?|beiträge|beitrag|postings?|bewertungen|rezensionen|meinungen|diskussion|reaktionen"
        r"|stimmen",
        says=r"sagt|sagte|schreibt|schrieb|meint|meinte|kommentiert|kommentierte|hat geschrieben",
        by=r"(?:kommentar |geschrieben |verfasst )?von",
        at=r"am|um|vom",
        buttons=r"antwort(?:en)?|melden|teilen|zitieren|bearbeiten|löschen|gefällt(?: mir)?|empfehlen"
        r"|(?:nicht )?hilfreich|kommentar (?:melden|anzeigen)|link|antworten (?:anzeigen|ausblenden)|merken|drucken",
        notes=r"(?:einen |ihr(?:en)? )?(?:kommentar|antwort|bewertung) (?:schreiben|verfassen|hinterlassen|abgeben"
        r"|hinzufügen)|schreiben? sie (?:einen|ihren)|sortier(?:en|t|ung)|(?:mehr|weitere|alle|ältere"
        r"|neuere) kommentare|(?:mehr )?kommentare (?:laden|anzeigen)|die kommentar|ihre e-?mail|anmelden"
        r"|bitte (?:melden|beachten)",
        published=r"(?:erschienen|veröffentlicht) (?:in|im|bei)",
        dates=r"januar|jänner|februar|märz|mai|juni|juli|oktober|dezember|jän|mär|okt|dez|vor|gestern|heute|um|uhr",
    ),
    "fr": Language(
        comments=r"(?:(?:les|vos|tous les|derniers|nos) )?commentaires(?: (?:des|de nos|de) (?:lecteurs|lectrices"
        r"|abonnés|internautes|utilisateurs|membres|visiteurs).{0,20})?|(?:courrier|avis|réactions) (?:des"
        r"|de nos) lecteurs|vos réactions|réactions des internautes",
        answers=r"commentaire|réponses?|avis|réactions?|contributions?|discussion|débat",
        says=r"dit|a dit|écrit|a écrit|a commenté|commente|écrivait",
        by=r"(?:(?:posté|publié|écrit|rédigé|commentaire) )?par",
        at=r"le|à|du|il y a",
        buttons=r"répondre|réponse|signaler(?: un abus)?|partager|citer|modifier|supprimer|j['’]aime|aimer"
        r"|recommander|utile|voir les réponses|lien",
        notes=r"(?:laisse[rz]|poste[rz]|ajoute[rz]|écri(?:re|vez)|publie[rz]) (?:un|votre|vos) (?:commentaire"
        r"|réponse|avis)|trier? par|trié par|(?:voir|charger|afficher) (?:plus|tous|les|d['’]autres)|votre adresse"
        r"|les commentaires (?:sont|so)|connectez-vous|se connecter|réagir",
        published=r"(?:publié|paru) (?:dans|sur)",
        dates=r"janvier|février|fevrier|mars|avril|mai|juin|juillet|août|aout|septembre|octobre|novembre|décembre"
        r"|janv|févr?|avr|juil|déc|il y a|hier|aujourd['’]hui|à",
    ),
    "es": Language(
        comments=r"(?:(?:los|tus|sus|todos los|últimos|nuestros) )?comentarios(?: (?:de|de los"
        r"|de nuestros) (?:lectores|usuarios|visitantes).{0,20})?|(?:cartas|opiniones|opinión) (?:de|de los"
        r"|al) (?:lectores|director)|(?:tu|su) opinión",
        answers=r"comentario|respuestas?|opiniones|reseñas?|valoraciones|debate|conversación|discusión",
        says=r"dice|dijo|escribe|escribió|comenta|comentó|ha (?:escrito|dicho)|opina",
        by=r"(?:(?:publicado|enviado|escrito|comentario) )?por",
        at=r"el|a las|del|hace",
        buttons=r"responder|respuesta|denunciar|reportar|compartir|citar|editar|eliminar|borrar|me gusta|recomendar"
        r"|útil|enlace(?: permanente)?|votar|ver respuestas",
        notes=r"(?:dej[ae]|escrib[ea]|añad[ea]|publi(?:ca|que)|agreg(?:a|ue)|enviar?)r? (?:un|tu|su) (?:comentario"
        r"|respuesta|opinión)|ordenar por|ordenado por|(?:ver|cargar|mostrar) (?:más|todos|los)|inicia"
        r"|tu (?:dirección|correo)|únete",
        published=r"publicado en",
        dates=r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre|noviembre|diciembre"
        r"|ene|abr|dic|hace|ayer|hoy|a las",
    ),
    "it": Language(
        comments=r"(?:(?:i|tutti i|ultimi|i vostri) )?commenti(?: (?:dei|degli) (?:lettori|utenti).{0,20})?"
        r"|lettere dei lettori",
        answers=r"commento|rispost[ae]|recension[ei]|opinioni|discussione|interventi|valutazioni",
        says=r"dice|ha detto|disse|scrive|ha scritto|scrisse|commenta|ha commentato",
        by=r"(?:(?:scritto|inviato|pubblicato|commento) )?da",
        at=r"il|alle(?: ore)?|ore|del",
        buttons=r"rispondi|risposta|segnala|condividi|cita|modifica|elimina|mi piace|consiglia|utile|link",
        notes=r"(?:lascia|scrivi|aggiungi|pubblica|invia) (?:un|il tuo) (?:commento|risposta)|ordina(?:ti)? per"
        r"|(?:mostra|carica|vedi|leggi) (?:altri|tutti|più)|il tuo indirizzo|accedi",
        published=r"pubblicato (?:su|in|da)",
        dates=r"gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|gen"
        r"|mag|giu|lug|ott|dic|fa|ieri|oggi|alle|ore",
    ),
    "pt": Language(
        comments=r"(?:(?:os|todos os|últimos|seus) )?coment[áa]rios(?: d[oe]s? (?:leitores|usuários"
        r"|utilizadores).{0,20})?|opinião do leitor|cartas dos leitores",
        answers=r"coment[áa]rio|respostas?|opiniões|avaliações|discussão|debate|resenhas?",
        says=r"diz|disse|escreve|escreveu|comenta|comentou",
        by=r"(?:(?:publicado|enviado|escrito|postado|comentário) )?por",
        at=r"em|às|no dia|de|há",
        buttons=r"responder|resposta|denunciar|compartilhar|partilhar|citar|editar|excluir|apagar|curtir|gosto"
        r"|gostei|útil|link",
        notes=r"(?:deixe?|escreva|adicione|publique|envie|faça) (?:um|o seu|seu) (?:comentário|resposta)|ordenar por"
        r"|(?:ver|carregar|mostrar) (?:mais|todos)|o seu endereço|faça login|entre para",
        published=r"publicado (?:em|no|na)",
        dates=r"janeiro|fevereiro|março|marco|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro|fev"
        r"|abr|mai|out|dez|há|atrás|ontem|hoje|às",
    ),
    "nl": Language(
        comments=r"(?:(?:alle|de|jouw|uw|laatste) )?(?:lezers)?reacties(?: van (?:onze )?(?:lezers|gebruikers"
        r"|bezoekers).{0,20})?|lezersbrieven",
        answers=r"reactie|commentaren|opmerkingen|antwoorden|antwoord|beoordelingen|recensies|discussie|meningen|bijdragen",
        says=r"zegt|zei|schrijft|schreef|reageert|reageerde",
        by=r"(?:(?:geplaatst|geschreven|reactie) )?door",
        at=r"op|om|van",
        buttons=r"beantwoord(?:en)?|reageer|reageren|antwoord(?:en)?|delen|meld(?:en)?|rapporteer|citeer|bewerk"
        r"|verwijder|vind ik leuk|leuk|link",
        notes=r"(?:laat|plaats|schrijf|geef) (?:een|je|uw) (?:reactie|antwoord|commentaar)|sorteer|gesorteerd"
        r"|(?:toon|laad|bekijk) (?:meer|alle)|je e-?mail|log in",
        published=r"(?:verschenen|gepubliceerd) (?:in|op)",
        dates=r"januari|februari|maart|mei|juni|juli|augustus|oktober|mrt|okt|geleden|om|gisteren|vandaag",
    ),
    "ru": Language(
        comments=r"(?:(?:все|ваши|последние|наши) )?(?:комментари[ийев]+|отзывы|мнения|письма"
        r"|обсуждение)(?: (?:наших )?(?:читателей|пользователей|посетителей).{0,20})|(?:(?:все|ваши"
        r"|последние) )?комментарии|комментариев",
        answers=r"комментари[йяев]+|ответ(?:ы|ов|а)?|отзыв(?:ы|ов|а)?|обсуждени[ея]|мнени[яей]+|сообщени[яей]+",
        says=r"пишет|писал(?:а|\(а\))?|написал(?:а|\(а\))?|говорит|сказал(?:а|\(а\))?|комментирует|отвечает",
        by=r"(?:(?:написал|опубликовано|комментарий) )?от|автор:?",
        at=r"в|от|г\.?",
        buttons=r"ответить|ответы?|пожаловаться|поделиться|цитировать|редактировать|удалить|нравится|не нравится"
        r"|полезно|ссылка",
        notes=r"(?:оставить|написать|добавить|отправить) (?:комментарий|ответ|отзыв)|(?:сначала|сортиров|по дате"
        r"|по популярности)|(?:показать|загрузить|смотреть) (?:ещё|еще|все|больше)|войдите|войти|авториз|ваш e-?mail",
        published=r"опубликовано в",
        dates=r"янв(?:аря|арь)?|февр?(?:аля|аль)?|марта?|апр(?:еля|ель)?|ма[йя]|июн[ья]?|июл[ья]?|авг(?:уста?)?"
        r"|сент?(?:ября|ябрь)?|окт(?:ября|ябрь)?|ноя(?:бря|брь)?|дек(?:абря|абрь)?|назад|вчера|сегодня|в",
    ),
    "pl": Language(
        comments=r"(?:(?:wszystkie|wasze|ostatnie|twoje) )?(?:komentarze|komentarzy)(?: (?:czytelników|użytkowników"
        r"|internautów).{0,20})?|(?:opinie|listy|głosy) (?:czytelników|internautów)",
        answers=r"komentarz|odpowiedzi|odpowiedź|opinie|opinii|recenzj[ei]|dyskusja|wypowiedzi",
        says=r"mówi|powiedział(?:a|\(a\))?|pisze|napisał(?:a|\(a\))?|komentuje|skomentował(?:a|\(a\))?",
        by=r"(?:(?:napisane|dodane|komentarz) )?(?:przez|od)|autor:?",
        at=r"w dniu|dnia|o(?: godz\.?)?|z dnia|godz\.?",
        buttons=r"odpowiedz|odpowiedzi|zgłoś|udostępnij|cytuj|edytuj|usuń|lubię to|lubię|polub|przydatne|link",
        notes=r"(?:dodaj|napisz|zostaw|skomentuj)\b.{0,40}|sortuj|(?:pokaż|załaduj|zobacz) (?:więcej|wszystkie)"
        r"|zaloguj|twój adres",
        published=r"opublikowano w",
        dates=r"stycz(?:nia|eń)|lut(?:ego|y)|mar(?:ca|zec)|kwie(?:tnia|cień)|maj(?:a)?|czerw(?:ca|iec)|lip(?:ca|iec)"
        r"|sierp(?:nia|ień)|wrze(?:śnia|sień)|paź(?:dziernika|dziernik)?|listopad(?:a)?|grud(?:nia|zień)|temu"
        r"|wczoraj|dzisiaj|godz",
    ),
    "tr": Language(
        comments=r"(?:(?:tüm|son) )?(?:okur|okuyucu|kullanıcı|üye|ziyaretçi)? ?yorumlar[ıi]?|okur mektupları",
        answers=r"yorum|yanıt(?:lar)?|cevap(?:lar)?|görüş(?:ler)?|tartışma|değerlendirme(?:ler)?|inceleme(?:ler)?",
        says=r"diyor(?: ki)?|dedi(?: ki)?|yazdı|yazmış|yazıyor|yorum yaptı|yorumladı",
        by=r"yazan:?|yorumlayan:?|gönderen:?",
        at=r"tarihinde|saat",
        buttons=r"yanıtla|cevapla|yanıt|cevap|şikayet(?: et)?|bildir|paylaş|alıntıla|düzenle|sil|beğen|beğeni"
        r"|faydalı|bağlantı",
        notes=r"(?:bir )?(?:yorum|yanıt|cevap) (?:yaz|yap|bırak|ekle|gönder)\w*|sırala|(?:daha fazla|tüm"
        r"|diğer) (?:yorum|göster)|giriş yap|üye ol|e-?posta",
        published=r"yayım(?:landığı yer)?:|yayın:",
        dates=r"ocak|şubat|mart|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık|önce|dün|bugün|saat",
    ),
    "ar": Language(
        comments=r"(?:جميع |كل |آخر )?(?:ال)?تعليقات(?: (?:القراء|الزوار|المستخدمين|المتابعين).{0,20})?|آراء القراء"
        r"|رسائل القراء",
        answers=r"(?:ال)?تعليق(?:ا|ان|ين)?|(?:ال)?ردود|(?:ال)?آراء|(?:ال)?نقاش|(?:ال)?مناقشة|(?:ال)?مراجعات",
        says=r"يقول|تقول|قال|قالت|كتب|كتبت|يكتب|علق|علقت|علّق",
        by=r"بقلم|بواسطة|كتبه|كتبها|كتب",
        at=r"في|بتاريخ|الساعة|يوم",
        buttons=r"رد|الرد|ردود|إبلاغ|تبليغ|مشاركة|اقتباس|تعديل|حذف|إعجاب|أعجبني|مفيد|رابط",
        notes=r"(?:أضف|اترك|اكتب|أرسل|شارك) (?:تعليق|رد|رأي)\w*|ترتيب|(?:عرض|تحميل) (?:المزيد|كل|جميع)|سجل|تسجيل"
        r"|لن يتم نشر",
        published=r"نُ?شر في",
        dates=r"يناير|فبراير|مارس|أبريل|ابريل|مايو|يونيو|يوليو|أغسطس|اغسطس|سبتمبر|أكتوبر|اكتوبر|نوفمبر|ديسمبر|كانون"
        r"|شباط|آذار|نيسان|أيار|حزيران|تموز|آب|أيلول|تشرين|منذ|قبل|أمس|اليوم",
    ),
    "zh": Language(
        comments=r"(?:网友|網友|读者|讀者|用户|用戶|最新|热门|熱門|全部|精彩|精选|精選|所有|文章)?(?:评论|評論|留言"
        r"|跟帖|跟貼)(?:区|區|列表)?|(?:网友|讀者|读者)(?:热议|来信|來信|回應|看法)",
        answers=r"回复|回覆|回應|讨论|討論|评价|評價|回帖|答复|点评",
        says=r"说|說|写道|寫道|评论道|評論道|表示|留言|回复|回覆",
        by=r"作者[:：]?|来自",
        at=r"于|於|在|发表于|發表於|发布于",
        buttons=r"回复|回覆|回應|举报|舉報|检举|檢舉|分享|引用|编辑|編輯|删除|刪除|赞|讚|点赞|點讚|踩|顶|推荐|收藏"
        r"|链接|有用",
        notes=r"(?:我要|我来|我來|发表|發表|写|寫|查看|更多|加载|载入|展开)(?:更多|全部|下)?(?:你的)?(?:评论|評論"
        r"|留言)?|(?:按)?(?:时间|時間|热度|最新|最热)(?:排序)?|登录|登入|请先|請先",
        published=r"(?:发表|發表|刊登|原载)(?:于|於)",
        dates=r"年|月|日|前|昨天|今天|刚刚|剛剛",
    ),
    "ja": Language(
        comments=r"(?:みんなの|読者の?|最新の?|すべての|ユーザーの?|この記事への)?コメント(?:欄|一覧"
        r"|リスト)?|読者の声",
        answers=r"感想|返信|レビュー|口コミ|クチコミ|ご?意見|投稿|回答",
        says=r"さん|様|さんのコメント|さんより|より",
        by=r"投稿者[:：]?",
        at=r"に|の",
        buttons=r"返信(?:する)?|通報(?:する)?|シェア|共有|引用|編集|削除|いいね!?|参考になった|リンク",
        notes=r"コメント(?:を|する|は)|(?:もっと|すべて|続きを|さらに)(?:見る|読む|表示)?|新着順|並べ替え|ログイン"
        r"|新しい順|古い順",
        published=r"掲載[:：]",
        dates=r"年|月|日|前|昨日|今日",
    ),
    "ko": Language(
        comments=r"(?:전체|독자|베스트|최신|모든|이용자|네티즌)? ?(?:댓글|덧글|코멘트)(?: ?목록)?|독자 ?의견",
        answers=r"답글|답변|리뷰|후기|의견|토론|반응",
        says=r"님|님의 (?:말|댓글|글)|씨|님이 (?:씀|말함)",
        by=r"작성자[:：]?|글쓴이[:：]?",
        at=r"에",
        buttons=r"답글(?: ?달기| ?쓰기)?|답변|신고(?:하기)?|공유(?:하기)?|인용|수정|삭제|좋아요|추천|비추천|공감"
        r"|비공감|링크",
        notes=r"댓글(?:을)? ?(?:쓰기|달기|작성|입력|남기)\w*|(?:더 ?보기|더보기|전체 ?보기)|(?:최신|등록|인기|추천"
        r"|과거)순|로그인",
        published=r"게재[:：]",
        dates=r"년|월|일|전|어제|오늘",
    ),
}


def join(name: str) -> str:
    """Return the alternatives of one field, of all languages."""
    return "|".join(getattr(language, name) for language in LANGUAGES.values())
