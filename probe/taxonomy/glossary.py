"""Errors in other languages, heard through an English phrase the rules know; rules themselves are written in English and Chinese."""

import re
from collections.abc import Mapping
from types import MappingProxyType

SIMPLIFIED: Mapping[int, int] = MappingProxyType(
    str.maketrans(
        "額餘時請錯誤敗圖產內違規審過無權帳號連線網絡務後試達數參檔載頻資點認證鑰錄國區應結異開關閉處費買購訪問據啟對長寬傳壞響態機擁擠隊單從會員個發訊儲體實繪畫轉換選擇幣級輸僅該為這沒與當種檢測觸擋屬絕確設計際聯繫統",
        "额余时请错误败图产内违规审过无权账号连线网络务后试达数参档载频资点认证钥录国区应结异开关闭处费买购访问据启对长宽传坏响态机拥挤队单从会员个发讯储体实绘画转换选择币级输仅该为这没与当种检测触挡属绝确设计际联系统",
    )
)
"""Traditional characters of errors -> the simplified ones in which rules are written."""

GLOSSARY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "timed out": (
            "タイムアウト", "時間切れ", "시간 초과", "시간이 초과", "시간초과", "время ожидания", "таймаут", "тайм-аут", "истекло время", "tiempo de espera",
            "tardó demasiado", "se agotó el tiempo", "délai d'attente", "délai dépassé", "zeitüberschreitung", "zeitlimit", "tempo esgotado",
            "tempo limite", "tempo scaduto", "zaman aşımı", "süre doldu", "hết thời gian", "batas waktu", "conexión expirada",
        ),
        "insufficient credits": (
            "クレジットが不足", "クレジット不足", "クレジットが足り", "残高不足", "残高が不足", "ポイントが不足", "ポイント不足", "크레딧이 부족", "크레딧 부족", "잔액이 부족", "잔액 부족",
            "포인트가 부족", "недостаточно средств", "недостаточно кредитов", "недостаточно токенов", "недостаточно баланс", "закончились",
            "пополните", "saldo insuficiente", "créditos insuficientes", "sin créditos", "solde insuffisant", "crédits insuffisants",
            "plus de crédits", "guthaben", "créditos esgotados", "credito insufficiente", "crediti insufficienti", "yetersiz bakiye",
            "không đủ", "saldo tidak",
        ),
        "daily limit reached": (
            "本日の", "1日の上限", "利用上限", "生成上限", "上限に達し", "일일 한도", "한도를 초과", "한도 초과", "дневной лимит", "лимит исчерпан", "límite diario",
            "límite mensual", "limite quotidienne", "limite mensuelle", "kontingent", "tageslimit", "monatslimit", "limite diário", "limite mensal", "günlük",
        ),
        "too many requests": (
            "リクエストが多すぎ", "リクエスト数が", "レート制限", "アクセスが集中", "요청이 너무 많", "요청 한도", "слишком много запросов", "слишком часто", "demasiadas solicitudes",
            "demasiadas peticiones", "trop de requêtes", "zu viele anfragen", "muitas solicitações", "muitas requisições", "troppe richieste",
            "çok fazla istek", "quá nhiều yêu cầu", "terlalu banyak permintaan",
        ),
        "prompt was rejected by the content policy": (
            "ポリシーに違反", "ポリシー違反", "コンテンツポリシー", "安全ポリシー", "ガイドラインに違反", "不適切", "セーフティ", "콘텐츠 정책", "정책 위반", "정책에 위배", "부적절",
            "안전 정책", "안전 시스템", "системой безопасности", "политик", "недопустим", "запрещённ", "запрещенн", "sistema de seguridad",
            "política de contenido", "políticas de", "inapropiado", "système de sécurité", "politique de contenu", "inapproprié",
            "sicherheitssystem", "inhaltsrichtlinie", "richtlinien", "unangemessen", "sistema de segurança", "política de conteúdo",
            "diretrizes", "sistema di sicurezza", "güvenlik sistemi", "içerik politikası", "chính sách", "kebijakan konten",
        ),
        "invalid api key": (
            "apiキーが", "api キーが", "認証エラー", "認証に失敗", "ログインして", "api 키가", "api 키를", "인증 실패", "인증에 실패", "로그인이 필요", "неверный api", "неверный ключ",
            "api ключ", "api-ключ", "ошибка авторизации", "не авторизован", "clave api", "clave de api", "no autorizado", "clé api", "clé d'api",
            "non autorisé", "api-schlüssel", "authentifizierung", "nicht autorisiert", "chave api", "chave de api", "chave da api",
            "não autorizado", "chiave api", "api anahtarı", "khóa api", "kunci api",
        ),
        "network error": (
            "ネットワークエラー", "通信エラー", "接続エラー", "接続できません", "接続に失敗", "네트워크 오류", "연결 오류", "연결할 수 없", "연결에 실패", "ошибка сети", "ошибка соединения",
            "ошибка подключения", "не удалось подключиться", "error de red", "error de conexión", "erreur réseau", "erreur de connexion",
            "netzwerkfehler", "verbindungsfehler", "verbindung fehlgeschlagen", "erro de rede", "erro de conexão", "errore di rete",
            "errore di connessione", "ağ hatası", "bağlantı hatası", "lỗi mạng", "lỗi kết nối", "kesalahan jaringan",
        ),
        "server is overloaded": (
            "混み合って", "混雑", "過負荷", "혼잡", "과부하", "사용량이 많", "перегружен", "высокая нагрузка", "сервер занят", "está ocupado", "está saturado", "sobrecargado",
            "surchargé", "est occupé", "überlastet", "ausgelastet", "sobrecarregado", "sovraccarico", "aşırı yük", "quá tải", "sedang sibuk",
        ),
        "permission denied": (
            "権限がありません", "アクセスが拒否", "アクセスできません", "권한이 없", "접근이 거부", "нет доступа", "доступ запрещ", "нет прав", "acceso denegado", "no tiene permiso",
            "no tienes permiso", "accès refusé", "zugriff verweigert", "keine berechtigung", "acesso negado", "accesso negato",
            "erişim reddedildi", "akses ditolak",
        ),
        "not available in your country": (
            "お住まいの地域", "お使いの地域", "この地域では", "귀하의 지역", "해당 지역", "в вашем регионе", "в вашей стране", "en tu país", "en su país", "en tu región",
            "dans votre pays", "dans votre région", "in ihrem land", "in ihrer region", "no seu país", "na sua região", "nel tuo paese",
        ),
        "model not found": (
            "モデルが見つかり", "モデルは存在", "モデルが存在", "모델을 찾을 수", "모델이 존재하지", "модель не найдена", "модель недоступна", "modelo no encontrado",
            "modèle introuvable", "modell nicht gefunden", "modelo não encontrado", "modello non trovato",
        ),
        "the image generation tool is not available": ("画像生成ツール", "이미지 생성 도구", "инструмент генерации", "herramienta de generación de imágenes"),
        "no image was returned": (
            "画像が生成されません", "画像が返", "画像データがあり", "画像が含まれて", "이미지가 생성되지", "이미지가 없", "изображение не получено", "no se generó ninguna imagen",
            "aucune image", "kein bild", "nenhuma imagem", "nessuna immagine",
        ),
        "invalid": (
            "無効な", "不正な", "対応していません", "サポートされていません", "지원되지 않", "지원하지 않", "잘못된 요청", "유효하지 않", "неверный параметр", "неверный формат", "неподдержива",
            "не поддержива", "parámetro", "no válido", "no es válido", "no es compatible", "solicitud incorrecta", "paramètre", "invalide",
            "non pris en charge", "ungültig", "nicht unterstützt", "parâmetro", "inválido", "não suportado", "non valido", "non supportato",
            "geçersiz", "desteklenmiyor", "không hợp lệ", "không hỗ trợ", "tidak valid",
        ),
        "failed to generate": (
            "失敗し", "できませんでした", "エラーが発生", "실패했", "실패하", "오류가 발생", "не удалось", "ошибка генерации", "произошла ошибка", "error al generar",
            "no se pudo", "ha ocurrido un error", "ocurrió un error", "une erreur est survenue", "une erreur s'est produite", "échec",
            "konnte nicht", "fehler beim", "fehlgeschlagen", "fehler ist aufgetreten", "falha ao", "ocorreu um erro", "si è verificato un errore",
            "impossibile generare", "hata oluştu", "đã xảy ra lỗi", "terjadi kesalahan", "gagal membuat",
        ),
    }
)  # fmt: skip
"""An English phrase -> heads of sentences that say the same in Japanese, Korean, Russian, Spanish, French, German, Portuguese, Italian, Turkish, Vietnamese and Indonesian."""

_ENGLISH: Mapping[str, str] = {
    head.translate(SIMPLIFIED): phrase for phrase, heads in GLOSSARY.items() for head in heads
}
_HEADS = re.compile("|".join(map(re.escape, sorted(_ENGLISH, key=len, reverse=True))))
_FOREIGN = re.compile(r"[\u00c0-\u024f\u0400-\u04ff\u1ea0-\u1ef9\u3040-\u30ff\uac00-\ud7af]")
"""Letters beyond English and Chinese."""
_PLAIN_WORDS = frozenset(re.findall(r"[a-z]{4,}", " ".join(head for head in _ENGLISH if head.isascii()))) - {
    "charge", "compatible", "error", "image", "land", "plus", "region", "tool", "valid",
}  # fmt: skip
"""Words of the heads that are written without such letters, but for English ones."""


def english(words: str, tokens: frozenset[str]) -> str:
    """What folded words of another language say, in English phrases; empty where they are English or Chinese."""
    foreign = not _PLAIN_WORDS.isdisjoint(tokens) if words.isascii() else _FOREIGN.search(words)
    if not foreign:
        return ""
    return " | ".join(dict.fromkeys(_ENGLISH[head] for head in _HEADS.findall(words)))
