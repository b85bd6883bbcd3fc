"""Japanese. What is asked of an assistant mostly ends on a verb's te-form, which leaves nothing open."""

from edge_audio.text.language import NEVER, Language, words

_DIGITS = "零〇一二三四五六七八九"
_NOUN = r"[\u30a1-\u30fa\u30fc\u4e00-\u9fff々]"

LANGUAGE = Language(
    code="ja",
    scripts=frozenset({"KANA", "CJK"}),
    letters="々〇\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff",
    blanks=False,
    apology="すみません、今はお答えできません。",
    times="かける",
    abbreviations=frozenset(),
    openers=words(
        """しかし けれども それから そして だから ですから ただし つまり たとえば 例えば なぜなら"""
    ),
    backchannels=words(
        """うん うーん はい ええ へえ へー ほう ほー ふーん ふうん ああ あー おお おー そう そうか
        そうね そうだね そうですか そうですね そうなんだ そうなんですか そっか なるほど なるほどね
        確かに たしかに わかった わかりました 分かった 分かりました 了解 了解です オーケー オッケー
        ほんと ほんとに 本当 本当に 本当ですか マジ すごい すごいですね いいね いいですね もちろん"""
    ),
    lone_backchannels=words("は へ ん わか なる ふん"),
    needs_more=words(
        """を へ とか この その あの どの どんな こんな そんな それから そして もし 例えば たとえば
        とても 一番 または それとも"""
    ),
    fillers=words("えっと ええと えーと えーっと あのー そのー うーんと まあ なんか"),
    left_open=words(
        """は が に で と も の や から まで ので のに けど けれど けれども ながら たら れば なら とき
        時 ため 私 僕 俺"""
    ),
    closed=words(
        """こんにちは こんばんは それでは では なに 静かに しずかに 本当に ほんとに んで いで なんで
        もっと ちょっと やっと ずっと きっと こと ひと あと ほんと どうも こども いつも ですから
        ますから たから だから いから いや なの もしもし さようなら さよなら 何時 一時 二時 三時 四時
        五時 六時 七時 八時 九時 十時 十一時 十二時 0時 1時 2時 3時 4時 5時 6時 7時 8時 9時"""
    ),
    introduces=(
        r"(?:起き|帰っ|着い|終わっ|なっ|思っ|疲れ|会っ)て",
        r"(?<![いだかうね])な",
        r"っていう|という|ような|みたいな|について|によって|に関して",
    ),
    leads_up=NEVER,  # its clauses end on what makes them lead up
    # Ten digits are a whole telephone number.
    spelled=(
        rf"(?:(?<![{_DIGITS}])[{_DIGITS}]{{3,9}}"
        r"|(?:(?:ゼロ|いち|さん|よん|ご|ろく|なな|はち|きゅう)[、\s]*){3,}"
        r"|(?:\d{1,4}[\s、,.-]+){2,}\d{1,4}|(?:(?<![a-z])[a-z](?![a-z])[\s、,.]*){3,})$"
    ),
    listed=rf"(?:{_NOUN}{{1,8}}、){{2,}}{_NOUN}{{1,8}}$",
    question_words=words(
        """何 なに なん どこ いつ 誰 だれ どう なぜ どれ いくら いくつ どの どんな どっち どちら どなた"""
    ),
    question_end=(
        r"(?:ですか|ますか|でしょうか|ませんか|ましたか|でしたか|かな|だっけ|のか"
        r"|(?:何|なに|どこ|いつ|誰|だれ|どう|なぜ|どれ|いくら|いくつ|どの|どんな|どっち).*(?:の|か))$"
    ),
    tells=(
        r"(?!.*(?:ください|教えて|たい|欲しい|ほしい|お願い|(?:か|の|て|で|です)。?$))"
        r"(?:(?:あの|えっと|それで|でも|そして|実は|なんか)、?)*"
        r"(?:私|僕|俺|わたし|ぼく|うち|娘|息子|母|父|妻|夫|彼|昨日|先週|去年|この前|来週)"
    ),
)
