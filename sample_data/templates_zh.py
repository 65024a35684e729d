"""Word material of the Chinese part of the ticket-booking corpus; the notation is that of templates.py.

Traditional characters, as people in Taiwan write. A word becomes one token for each of its characters.
"""

SIZES = {"train": 3000, "dev": 400, "test": 600}
MAX_TOKENS = 60
MAX_DISTANCE = 25  # characters between a place or time and the only words that give its role away
JOINT = ""
STOP = "。"

# The two sentences this part is about. They open the test file and occur nowhere else.
SHOWCASE = (
    ("十一月二日抵達台北", "B-arrival_time" + " I-arrival_time" * 4 + " O O B-destination I-destination"),
    ("十一月二日離開台北", "B-departure_time" + " I-departure_time" * 4 + " O O B-departure I-departure"),
)

CITIES: tuple[str, ...] = tuple(
    "台北, 台北, 台北, 台北, 臺北, 台中, 台中, 臺中, 台南, 臺南, 高雄, 高雄, 新竹, 嘉義, 花蓮, 台東, "
    "宜蘭, 基隆, 屏東, 桃園, 苗栗, 彰化, 南投, 雲林, 澎湖, 金門, 板橋, 左營, 新北, 南港, 礁溪, 東京, "
    "東京, 大阪, 京都, 福岡, 札幌, 沖繩, 神戶, 廣島, 首爾, 釜山, 香港, 澳門, 上海, 北京, 廣州, 深圳, "
    "南京, 杭州, 重慶, 成都, 新加坡, 吉隆坡, 曼谷, 河內, 峴港, 馬尼拉, 胡志明市, 金邊, 新德里, 孟買, "
    "加德滿都, 雪梨, 墨爾本, 奧克蘭, 倫敦, 巴黎, 柏林, 慕尼黑, 法蘭克福, 漢堡, 維也納, 布拉格, 羅馬, "
    "米蘭, 威尼斯, 馬德里, 里斯本, 雅典, 布魯塞爾, 蘇黎世, 日內瓦, 斯德哥爾摩, 奧斯陸, 赫爾辛基, 華沙, "
    "布達佩斯, 伊斯坦堡, 開羅, 奈洛比, 杜拜, 杜哈, 紐約, 洛杉磯, 舊金山, 西雅圖, 芝加哥, 波士頓, 休士頓, "
    "多倫多, 墨西哥城, 利馬, 聖地牙哥, 聖保羅, 布宜諾斯艾利斯, 拉斯維加斯, 鹽湖城, 都柏林, 愛丁堡, 里昂, "
    "尼斯, 塞維亞, 科隆, 長崎, 仙台, 箱根, 恆春, 埔里, 淡水, 鹿港, 斗六, 虎尾, 羅東, dev: 馬祖, "
    "dev: 清邁, dev: 雅加達, dev: 溫哥華, dev: 哥本哈根, dev: 佛羅倫斯, dev: 金澤, dev: 廈門, dev: 中壢, "
    "dev: 聖彼得堡, test: 名古屋, test: 阿姆斯特丹, test: 巴塞隆納, test: 永康, test: 豐原, test: 蘇澳, "
    "test: 玉里, test: 關西, test: 武漢, test: 青島, test: 濟州, test: 普吉, test: 伯斯, test: 薩爾斯堡, "
    "test: 達拉斯, test: 亞特蘭大, test: 聖荷西, test: 新山, test: 大邱, test: 馬賽, test: 海牙".split(", ")
)

# Time expressions by the preposition that goes with them, each group with its weight.
TIMES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("", 60, (
        "<date>", "<date>", "<date>", "<date>", "<date> <clock>", "<weekday>", "<weekday>", "<weekday> <clock>",
        "<weekday> <daypart>", "<clock>", "<clock>", "<day>", "<day>", "<day> <daypart>", "<day> <clock>",
        "<date> <daypart>", "<slash>", "<slash> <spoken>", "<number> 號", "十一月二日", "下個月 <number> 號",
        "dev: 月底", "test: <number> 號 <clock>",
        "test: 下下週 <one>")),
    ("在", 40, (
        "<date>", "<date>", "<date> <clock>", "<weekday>", "<weekday> <clock>", "<clock>", "<day> <daypart>",
        "<date> <daypart>", "<slash>", "<month> 月初", "<month> 月底", "下個月 <number> 號", "test: <month> 月中")),
)

SLOTS: dict[str, tuple[str, ...]] = {
    "passengers": ("一", "兩", "兩", "三", "四", "五", "六", "2", "3", "4", "5", "dev: 8", "test: 七", "test: 7"),
    "seat_class": ("商務艙", "經濟艙", "頭等艙", "豪華經濟艙", "商務車廂", "自由座", "對號座", "標準車廂",
                   "dev: 特等艙", "test: 親子車廂"),
    "vehicle": ("高鐵", "高鐵", "火車", "火車", "飛機", "客運", "巴士", "夜車", "自強號", "渡輪", "班機",
                "dev: 接駁車", "test: 莒光號", "test: 遊覽車"),
}

# The two faces of a frame: the same sentence about leaving or about arriving.
ROLES: tuple[dict[str, tuple[str, ...]], ...] = (
    {
        "place": ("departure",),
        "time": ("departure_time",),
        "go": ("離開", "離開", "離開", "動身離開", "test: 啟程離開"),
        "act": ("出發", "出發", "離開", "啟程", "動身", "dev: 上路"),
        "board": ("上車", "上車", "登機", "上船", "搭車", "出發", "test: 啟航"),
        "event": ("出發", "出發", "啟程", "離開", "test: 動身"),
        "site": ("出發地", "起點", "起站", "出發的城市", "上車的地方", "dev: 啟程地", "test: 出發站"),
    },
    {
        "place": ("destination",),
        "time": ("arrival_time",),
        "go": ("抵達", "抵達", "到達", "到", "test: 順利抵達"),
        "act": ("抵達", "抵達", "到達", "到", "dev: 趕到"),
        "board": ("下車", "下車", "下飛機", "下船", "到站", "抵達", "test: 落地"),
        "event": ("抵達", "抵達", "到達", "test: 到站"),
        "site": ("目的地", "終點", "終點站", "抵達的城市", "下車的地方", "dev: 抵達地", "test: 到達站"),
    },
)

TABLES: dict[str, tuple[str, ...]] = {
    "one": ("一", "二", "三", "四", "五", "六", "日"),
    "number": ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五",
               "十六",
               "十七", "十八", "十九", "二十", "二十一", "二十二", "二十三", "二十四", "二十五", "二十六", "二十七",
               "二十八"),
    "month": ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"),
    "hour": ("一", "兩", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"),
    "small": ("一", "兩", "三", "四", "五"),
    "minute": ("半", "十分", "十五分", "二十分", "四十分", "五十分"),
    "arabic_month": tuple(map(str, range(1, 13))),
    "arabic_day": tuple(map(str, range(1, 29))),
    "slash": ("<arabic_month> / <arabic_day>",),
    "digits": tuple(f"{hour}:{minute}" for hour in range(5, 24) for minute in ("00", "15", "30", "45")),
    "date": ("<month> 月 <number> 日", "<month> 月 <number> 日", "<month> 月 <number> 日", "<month> 月 <number> 號",
             "<arabic_month> 月 <arabic_day> 日", "<arabic_month> 月 <arabic_day> 號"),
    "weekday": ("星期 <one>", "禮拜 <one>", "週 <one>", "下星期 <one>", "下週 <one>", "這個禮拜 <one>",
                "這週 <one>"),
    "day": ("今天", "明天", "明天", "後天", "大後天", "dev: 隔天"),
    "daypart": ("早上", "上午", "中午", "下午", "傍晚", "晚上", "晚上", "深夜"),
    "am": ("早上", "早上", "上午"),
    "am_hour": ("六", "七", "八", "九", "十", "十一", "7", "8", "9", "10"),
    "pm_hour": ("一", "兩", "三", "四", "五", "1", "2", "3", "4"),
    "evening_hour": ("六", "七", "八", "九", "十", "7", "8", "9"),
    "spoken": ("<am> <am_hour> 點", "下午 <pm_hour> 點", "晚上 <evening_hour> 點", "傍晚六點", "中午十二點"),
    "clock": ("<digits>", "<digits>", "<spoken>", "<spoken>", "<spoken>", "<spoken> <minute>", "<spoken> <minute>",
              "<hour> 點", "<hour> 點 <minute>", "中午", "凌晨 <small> 點", "半夜十二點"),
    "want": ("我想", "我想要", "我要", "我們想", "我們要", "我得", "我希望", "我打算", "我們打算", "我必須",
             "我太太想", "我們全家要",
             "我和同事要", "可以的話我想", "dev: 我計畫", "test: 我們預計", "test: 敝公司的人要"),
    "opener": ("你好，", "您好，", "是這樣的，", "不好意思，", "麻煩您，", "嗨，", "哈囉，", "對了，", "那個，",
               "小姐您好，", "早安，",
               "dev: 抱歉，", "test: 打擾了，"),
    "book": ("請幫我訂", "我要訂", "麻煩訂", "想訂", "我要買", "請給我", "幫我查", "我想預訂", "dev: 可以幫我買",
             "test: 勞駕安排"),
    "ticket": ("車票", "票", "票", "機票", "座位", "test: 位子"),
    # What can stand between two commas.
    "aside": ("<word>", "<word>", "<clause>", "<clause>", "<clause>", "<clause> ， <clause>"),
    "word": ("可以的話", "最好", "當然", "說真的", "老實說", "不瞞您說", "跟以前一樣", "照舊", "如果方便",
             "dev: 坦白說",
             "test: 運氣好的話"),
    "clause": (
        "如果 <kin> <agrees>", "如果 <kin> <agrees>", "只要 <kin> <agrees>", "除非 <kin> 不答應",
        "因為 <kin> <celebrates>",
        "因為 <kin> <celebrates>", "雖然 <kin> <celebrates>", "既然 <kin> <celebrates>", "就算要帶 <thing>",
        "只要能帶 <thing>",
        "要是還有位子", "如果不會太貴", "如果天氣夠好", "只要老闆准假", "要是沒有颱風", "雖然我從來沒去過",
        "雖然醫生不贊成",
        "即使要很早起床", "就算全程站著", "為了省一點錢", "為了安全起見", "為了跟家人團聚", "跟上次電話裡說的一樣",
        "聽說那裡很不錯", "除非票賣完了", "只要護照來得及辦好", "為了趕上婚禮",
        "dev: 如果預算通過", "dev: 只要腳踏車放得下", "test: 要是保母肯來", "test: 除非又有人罷工",
        "test: 就算下大雨"),
    "kin": ("我媽媽", "我爸爸", "我姊姊", "我哥哥", "我妹妹", "我弟弟", "我阿姨", "我舅舅", "我老闆", "我太太",
            "我先生", "我女兒",
            "我兒子", "我奶奶", "我同學", "我室友", "鄰居", "老師", "我的醫生", "我朋友", "dev: 我外婆",
            "test: 我教授", "test: 我表弟"),
    "agrees": ("同意", "答應", "也一起來", "願意借我錢", "身體好一點", "拿到簽證", "起得來", "肯付錢", "改變主意",
               "不反對",
               "dev: 借我車", "test: 中了樂透"),
    "celebrates": ("要結婚", "生了小孩", "開了一家店", "需要我幫忙", "要演講", "在住院", "怕人多", "要退休",
                   "要搬家", "要跑馬拉松",
                   "摔斷了腿", "寫了一本書", "不會開車", "不喜歡坐飛機", "過八十大壽", "dev: 當評審",
                   "test: 指揮樂團"),
    "thing": ("一隻老貓", "兩隻狗", "三個行李箱", "一個生日蛋糕", "一台摺疊腳踏車", "一把大提琴", "睡著的寶寶",
              "一箱蘋果",
              "帳篷", "滑雪板", "嬰兒車", "所有的書", "四個吵鬧的小孩", "照相機", "一箱酒", "dev: 婚紗",
              "test: 一座老時鐘", "test: 充氣船"),
    # What can stand before a verb without a comma.
    "adjunct": ("帶著 <thing>", "帶著 <thing>", "跟 <kin> 一起", "和 <kin>", "自己一個人", "和兩個孩子一起",
                "跟幾個朋友",
                "陪 <kin>", "帶著 <thing> 跟 <kin>", "開開心心地", "準時", "慢慢地", "抱著 <thing>", "輕輕鬆鬆",
                "替公司省錢", "dev: 推著輪椅", "test: 穿著西裝", "test: 扛著 <thing>"),
    # A clause that stands on its own.
    "remark": ("<kin> 這樣跟我說", "<kin> <celebrates>", "我會帶 <thing>", "時間很趕", "我想了很久",
               "我問過我太太了",
               "沒有別的選擇", "價錢沒關係", "老闆說得很清楚", "請您記下來", "已經決定了", "不能再改",
               "家人期待了好幾年",
               "dev: 委員會決定了", "test: 我丟銅板決定的", "test: 主辦單位很堅持"),
}

# The bare commands; every one stands for many sentences.
BARE: tuple[str, ...] = (
    "{arrival_time} ^抵達 {destination}", "{departure_time} ^離開 {departure}", "{time} ^<go> {place}",
    "{time} ^<go> {place}", "{time} ^<go> {place}", "^<go> {place} ， {time}", "^<go> {place} {time}",
    "^<event> {time} {place}", "^<event> 日期 {time}", "{place} {time} ^<act>", "{place} ， {time} ^<act>",
    "{time} {place} ^<board>",
    "{time} 在 {place} ^<board>", "在 {place} ^<board> ， {time}", "^<site> {place}", "^<site> {place} ， {time}",
    "^<site> ： {place}", "{place} ^<board>", "^<event> ： {time}", "{time} ^<act>", "{place} ^<act>",
    "從 {departure} 出發", "{departure_time} 從 {departure} 出發", "到 {destination}", "去 {destination}",
    "往 {destination}", "從 {departure}", "自 {departure} 啟程 ， {departure_time}",
    "dev: {time} 要 ^<act> ， {place}", "test: ^<event> 日期 {time} ， {place}", "test: {place} ^<event> ， {time}",
)

# One clue near its places and times.
SHORT: tuple[str, ...] = (
    "<want> @{time} ^<go> {place}", "<want> @{time} ^<go> {place}", "<opener> <want> @{time} ^<go> {place}",
    "<opener> <want> @{time} 在 {place} ^<board>", "<want> @{time} 在 {place} ^<board>",
    "<want> 在 {place} ^<board>",
    "<book> {time} ^<go> {place} 的 <ticket>", "<opener> <book> {time} ^<go> {place} 的 <ticket>",
    "<book> {time} 在 {place} ^<board> 的 <ticket>", "請問有 {time} ^<go> {place} 的車嗎？",
    "有沒有 {time} ^<go> {place} 的班次？", "<want> {time} 以前 ^<go> {place}", "{time} 一定要 ^<go> {place}",
    "{time} 我就要 ^<go> {place} 了", "{place} ， <want> @{time} ^<act>", "{place} 是我的 ^<site>",
    "我的 ^<site> 是 {place}", "^<site> 是 {place} ， 時間是 {time}", "^<event> 時間是 {time}",
    "^<event> 時間 {time} ， <word>",
    "我們 @{time} ^<go> {place} ， 謝謝", "<want> ^<go> {place} ， 時間是 {time}",
    "{time} 是我 ^<go> {place} 的日子",
    "<word> ， <want> @{time} ^<go> {place}", "請問 {time} ^<go> {place} 要多少錢？",
    "{place} 是我要 ^<board> 的地方",
    "<want> @{departure_time} 從 {departure} 出發", "<want> 從 {departure} 出發 ， {departure_time}",
    "<want> {departure_time} 去 {destination}", "<opener> <want> 去 {destination}", "<want> 到 {destination} 玩",
    "<book> 從 {departure} 出發的 <ticket>", "<book> 到 {destination} 的 <ticket>",
    "<book> {departure_time} 去 {destination} 的 <ticket>",
    "<want> @{arrival_time} 到 {destination}", "不是去 {destination} ， 是從 {destination} 回來",
    "dev: 可不可以 {time} ^<go> {place} ？", "dev: 我們決定 {time} ^<go> {place}",
    "test: {time} 之前能 ^<go> {place} 嗎？", "test: 拜託讓我 {time} ^<go> {place}",
    "test: 預計 @{time} ^<go> {place} ， 麻煩了",
    "test: 我的 ^<site> 就是 {place} ， {time}",
)

# The clue comes long before them.
EARLY: tuple[str, ...] = (
    "<want> ^<act> 的地方 ， <aside> ， 是 {place}", "<want> ^<act> 的時間 ， <aside> ， 是 {time}",
    "<want> ^<act> 的地方 ， <remark> ， 是 {place} ， 時間是 {time}", "^<site> ， <aside> ， 是 {place}",
    "^<site> ， <aside> ， 改成 {place} ， {time}", "我的 ^<site> ， <remark> ， 就是 {place}",
    "^<event> 的時間和地點 ， <remark> ： {time} ， {place}", "說到 ^<event> ， <remark> ， 就在 {place} ， {time}",
    "^<event> 的部分 ， <aside> ， 請寫 {place} ， {time}", "^<event> 的日期 ， <remark> ， 訂在 {time}",
    "^<event> 資料如下 ， <remark> ： {place} ， {time}", "先說 ^<event> ， <aside> ： {time} ， {place}",
    "關於 ^<event> ， <aside> ， {place} 比較好 ， {time}", "^<event> 的城市 ， <remark> ， 選 {place}",
    "<want> ^<go> 的 ， <aside> ， 是 {place} ， {time}", "<opener> <want> ^<act> 的日子 ， <remark> ， 是 {time}",
    "^<event> 不要太晚 ， <remark> ， {time} 就好 ， {place}",
    "我們 ^<event> 的時候 ， <remark> ， 應該是 {time} ， 在 {place}",
    "^<go> ， <aside> ， {place} ， {time}", "^<site> 不好決定 ， <remark> ， <want> 選 {place}",
    "<want> ^<go> 的城市 ， <aside> ， 叫做 {place}", "至於 ^<event> 的地點 ， <remark> ， {place} 就可以",
    "dev: ^<event> 的安排 ， <aside> ， 還是 {place} ， {time}", "test: ^<site> 那一欄 ， <aside> ， 請填 {place}",
    "test: ^<event> 這件事 ， <remark> ， {time} ， {place}",
    "test: 我們討論了 ^<event> ， <remark> ， 結論是 {place} ， {time}",
    "test: <want> ^<act> 的那一站 ， <aside> ， 是 {place}",
)

# The clue comes only after them.
LATE: tuple[str, ...] = (
    "{time} ， <aside> ， <want> ^<go> {place}", "{time} ， <aside> ， <want> 在 {place} ^<board>",
    "<want> @{time} <adjunct> ^<go> {place}", "<want> @{time} <adjunct> 在 {place} ^<board>",
    "{time} <adjunct> ^<go> {place}",
    "{place} ， <aside> ， 是 <want> ^<act> 的地方", "{place} 和 {time} ， <aside> ， 是 ^<event> 的地點和時間",
    "{time} 在 {place} ， <aside> ， <want> ^<board>", "{place} ， <aside> ， 就當作 ^<site>",
    "{place} ， <remark> ， 是我的 ^<site>",
    "{place} 這一站 ， <remark> ， 我在這裡 ^<board>", "{time} ， <remark> ， 就這個時間 ^<act>",
    "{place} ， {time} ， <remark> ， 以上是 ^<event> 資料",
    "{time} ， {place} ， <aside> ， 這是 ^<event> 的安排", "{place} 很好 ， <remark> ， <want> 在那裡 ^<board>",
    "在 {place} ， <aside> ， <want> @{time} <adjunct> ^<board>", "{place} 呢 ， <remark> ， 請當成 ^<site>",
    "<opener> {time} ， <aside> ， <want> ^<act>", "<opener> {place} ， <aside> ， 是我的 ^<site>",
    "{time} ， <remark> ， 是 ^<event> 的時間",
    "選 {place} ， <remark> ， 當 ^<site>", "{place} 那裡 ， 我 @{time} <adjunct> ^<act>",
    "寫 {place} ， {time} ， <remark> ， 那是 ^<event>",
    "dev: {place} ， {time} ， <aside> ， 都是講 ^<event>", "test: {place} ， <aside> ， 請登記為 ^<site>",
    "test: {time} ， {place} ， <remark> ， 請安排 ^<event>",
    "test: {place} 車站 ， <remark> ， <want> 在那邊 ^<board>",
    "test: {time} ， <aside> ， 我們才 <adjunct> ^<go> {place}",
)

# Several places and times, each with its own clue.
MULTI: tuple[str, ...] = (
    "從 {departure} 到 {destination}", "從 {departure} 到 {destination} ， {departure_time} 出發",
    "從 {departure} 到 {destination} ， {departure_time}", "從 {departure} 到 {destination} ， {arrival_time} 抵達",
    "{departure_time} 從 {departure} 到 {destination}", "{departure} 到 {destination}",
    "{departure} 到 {destination} ， {departure_time}",
    "{departure} 飛 {destination} ， {departure_time}", "<want> {departure_time} 從 {departure} 去 {destination}",
    "<opener> <want> 從 {departure} 去 {destination}", "<book> 從 {departure} 到 {destination} 的 <ticket>",
    "<book> {departure_time} 從 {departure} 到 {destination} 的 <ticket>",
    "<book> {departure_time} {departure} 到 {destination} 的 <ticket>",
    "{departure_time} 從 {departure} 出發 ， {arrival_time} 抵達 {destination}",
    "{departure_time} 離開 {departure} ， {arrival_time} 到 {destination}",
    "<want> {departure_time} 離開 {departure} ， {arrival_time} 到達 {destination}",
    "到 {destination} ， 從 {departure} 出發",
    "{arrival_time} 到 {destination} ， 從 {departure} 出發",
    "{departure_time} 離開 {departure} 前往 {destination}",
    "<want> 離開 {departure} 前往 {destination} ， {departure_time} 出發",
    "{departure_time} <adjunct> 離開 {departure} ， 去 {destination}",
    "{destination} 是終點 ， {departure} 是起點", "{departure} 是起點 ， <aside> ， {destination} 是終點",
    "目的地 {destination} ， 出發地 {departure}",
    "出發地 {departure} ， 目的地 {destination} ， {departure_time} 出發",
    "抵達 {destination} 的時間是 {arrival_time} ， 離開 {departure} 的時間是 {departure_time}",
    "在 {departure} 上車 ， 在 {destination} 下車",
    "{departure_time} 在 {departure} 上車 ， {arrival_time} 在 {destination} 下車",
    "{destination} 下車 ， {departure} 上車", "<want> 在 {destination} 下車 ， <aside> ， 在 {departure} 上車",
    "從 {departure} 經 {via} 到 {destination}", "<want> 去 {destination} ， 在 {via} 轉車",
    "在 {via} 轉機 ， 到 {destination}",
    "{departure_time} 從 {departure} 出發 ， 在 {via} 轉車", "先經過 {via} ， <aside> ， 再到 {destination}",
    "<want> 在 {via} 停留一晚 ， 再去 {destination}", "由 {departure} 前往 {destination}",
    "從 {departure} 到 {destination} ， 在 {via} 換車", "{via} ， <aside> ， 是我要轉車的地方",
    "{departure_time} 去 {destination} ， {return_time} 回來",
    "<want> {departure_time} 去 {destination} ， {return_time} 回來",
    "從 {departure} 去 {destination} ， {return_time} 回程",
    "去 {destination} 的來回票 ， {departure_time} 出發 ， {return_time} 回來",
    "{return_time} 從 {destination} 回來", "回程 ， <aside> ， 是 {return_time}",
    "{return_time} ， <aside> ， <want> 回來",
    "<want> @{return_time} 回家", "回程的時間 ， <remark> ， 訂 {return_time}",
    "dev: {departure_time} 出發 ， {return_time} 返回 ， 地點是 {destination}",
    "dev: 從 {departure} ， <aside> ， 到 {destination}",
    "test: 由 {departure} 前往 {destination} ， {departure_time} 啟程",
    "test: 從 {departure} 搭到 {destination} ， 中途在 {via} 換車",
    "test: {arrival_time} 抵達 {destination} ， <aside> ， {departure_time} 離開 {departure}",
    "test: {destination} 是目的地 ， <aside> ， {departure} 是出發地",
    "test: {return_time} 我要從 {destination} 回來",
    "test: 我在 {departure} ， <want> 去 {destination}",
)

# Tickets: how many, which class, which vehicle.
TICKETS: tuple[str, ...] = (
    "{passengers} 張到 {destination} 的票", "{passengers} 張 {seat_class} 到 {destination} 的 <ticket>",
    "{passengers} 張到 {destination} 的 {vehicle} 票",
    "{seat_class} {passengers} 張 ， 從 {departure} 到 {destination}",
    "<book> 從 {departure} 出發的 {seat_class} 機票", "<book> {passengers} 張 {seat_class} {vehicle} 票",
    "<book> {departure_time} 從 {departure} 到 {destination} 的 {vehicle} 票",
    "{passengers} 張從 {departure} 出發的票",
    "<book> {passengers} 張 {departure_time} 去 {destination} 的票",
    "<book> {passengers} 張 {vehicle} 票 ， 從 {departure} 到 {destination}",
    "<book> {passengers} 張 {seat_class} 的票 ， {departure_time} 離開 {departure}",
    "<book> {passengers} 張 {seat_class} ， {arrival_time} 抵達 {destination}",
    "<want> 搭 {vehicle} 去 {destination}",
    "<want> 搭 {vehicle} @{time} ^<go> {place}", "<want> 坐 {vehicle} <adjunct> ^<go> {place}",
    "{time} ^<go> {place} 的 {vehicle} 還有位子嗎？",
    "{time} ^<go> {place} 的 {seat_class} 一張多少錢？", "我們 {passengers} 個人要 @{time} ^<go> {place}",
    "{passengers} 個人 ， {place} ， {time} ^<act>", "{place} ， {passengers} 位 ， {time} ^<act>",
    "請問 {departure} 到 {destination} 的 {vehicle} 幾點開？",
    "有 {arrival_time} 到 {destination} 的 {vehicle} 嗎？", "有從 {departure} 開的 {vehicle} 嗎？",
    "<book> {time} ^<go> {place} 的 {vehicle}",
    "搭 {vehicle} 經 {via} 到 {destination}", "{passengers} 張來回票到 {destination} ， {return_time} 回來",
    "<book> {seat_class} ， {time} ^<go> {place}",
    "dev: {passengers} 位旅客 ， {time} ^<go> {place}",
    "test: 保留 {passengers} 個 {seat_class} ， <aside> ， {time} ^<go> {place}",
    "test: 從 {departure} 到 {destination} 的 {vehicle} ， {seat_class} 多少錢？",
    "test: 我們 {passengers} 位會搭 {vehicle} @{time} ^<go> {place}",
)

# Share of each family in a hundred sentences.
FAMILIES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (13, BARE), (21, SHORT), (17, EARLY), (20, LATE), (18, MULTI), (11, TICKETS),
)
