"""Short and longer texts in many languages, and the encodings in which people have them."""

# language -> encodings, a text of about 20 words, a longer one
TEXTS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "French": (
        ("cp1252", "iso-8859-15", "mac-roman"),
        "Je voudrais réserver deux places pour Orléans demain matin, côté fenêtre si possible, et revenir à Besançon le soir même.",
        "La gare était presque vide quand nous sommes arrivés. Un employé nous a expliqué que le dernier train avait été "
        "supprimé à cause de la neige, mais qu'un autocar partirait à vingt heures. Après avoir dîné près du marché, nous "
        "sommes donc montés à bord avec une dizaine de voyageurs fatigués. Le trajet a duré très longtemps; personne ne "
        "s'est plaint, même lorsque le chauffeur s'est arrêté pour dégager la route. À l'aube, la mer est enfin apparue.",
    ),
    "German": (
        ("cp1252", "mac-roman"),
        "Können Sie mir bitte für übermorgen zwei Plätze im Zug von Köln nach München buchen, möglichst früh und ohne Umstieg?",
        "Der Bahnhof war fast leer, als wir ankamen. Ein älterer Mann erklärte uns, dass der letzte Zug wegen des Schnees "
        "ausgefallen sei, dass aber später noch ein Bus fahren würde. Nach dem Essen in der Nähe des Marktes stiegen wir "
        "mit zehn müden Reisenden ein. Die Fahrt dauerte länger als gewöhnlich; niemand beschwerte sich, auch nicht, als "
        "der Fahrer halten musste, um die Straße zu räumen. Gegen fünf Uhr sahen wir endlich das Meer hinter den Hügeln.",
    ),
    "Spanish": (
        ("cp1252",),
        "¿Podría reservar mañana dos asientos en el tren de Málaga a León, con salida después de las ocho y regreso el sábado?",
        "La estación estaba casi vacía cuando llegamos. Un señor nos explicó que el último tren no saldría por la nieve, "
        "pero que más tarde habría un autobús. Después de cenar cerca del mercado subimos con diez viajeros cansados. El "
        "viaje duró más de lo habitual; nadie protestó, ni siquiera cuando el conductor paró para limpiar el camino. Al "
        "amanecer vimos por fin el mar detrás de las montañas, y alguien empezó a cantar en voz baja.",
    ),
    "Portuguese": (
        ("cp1252",),
        "Você pode reservar amanhã dois lugares no avião de São Paulo para Brasília, de manhã, e a volta na próxima terça?",
        "A estação estava quase vazia quando chegámos. Um funcionário explicou que o último comboio não partiria por causa "
        "da neve, mas que haveria uma camioneta às vinte horas. Depois do jantar, perto do mercado, subimos com dez "
        "passageiros já cansados. A viagem demorou mais do que é habitual; ninguém se queixou, nem quando o condutor "
        "parou para limpar o caminho. De manhã vimos finalmente o mar atrás das montanhas, e alguém começou uma canção.",
    ),
    "Swedish": (
        ("cp1252",),
        "Jag skulle vilja åka från Malmö till Örebro på måndag före klockan åtta, och två platser vid fönstret går bra.",
        "Stationen var nästan tom när vi kom fram. En äldre man förklarade att det sista tåget hade ställts in på grund av "
        "snön, men att en buss skulle gå klockan åtta. Efter maten nära torget steg vi på tillsammans med tio trötta "
        "resenärer. Färden tog längre tid än vanligt; ingen klagade, inte ens när föraren måste stanna för att röja "
        "vägen. I gryningen såg vi äntligen havet bakom kullarna, och någon började sjunga för sig själv.",
    ),
    "Polish": (
        ("cp1250", "iso-8859-2"),
        "Chciałbym zarezerwować na jutro dwa miejsca w pociągu z Łodzi do Gdańska, najlepiej przy oknie, i wrócić w niedzielę wieczorem.",
        "Dworzec był prawie pusty, gdy przyjechaliśmy. Starszy mężczyzna wyjaśnił, że ostatni pociąg odwołano z powodu "
        "śniegu, ale później miał pojechać autobus. Po kolacji niedaleko rynku wsiedliśmy razem z dziesięcioma zmęczonymi "
        "podróżnymi. Jazda trwała dłużej niż zwykle; nikt się nie skarżył, nawet gdy kierowca musiał się zatrzymać, żeby "
        "odśnieżyć drogę. O świcie zobaczyliśmy wreszcie morze za wzgórzami i ktoś zaczął cicho śpiewać.",
    ),
    "Czech": (
        ("cp1250", "iso-8859-2"),
        "Chtěl bych si na zítřek objednat dvě místa ve vlaku z Plzně do Přerova, nejlépe u okna, a vrátit se v neděli večer.",
        "Nádraží bylo skoro prázdné, když jsme přijeli. Starší muž nám vysvětlil, že poslední vlak kvůli sněhu nejede, ale "
        "že později pojede autobus. Po večeři blízko tržiště jsme nastoupili s deseti unavenými cestujícími. Cesta trvala "
        "déle než obvykle; nikdo si nestěžoval, ani když řidič musel zastavit, aby uvolnil silnici. Za svítání jsme "
        "konečně uviděli moře za kopci a někdo začal potichu zpívat.",
    ),
    "Hungarian": (
        ("cp1250", "iso-8859-2"),
        "Szeretnék holnapra két helyet foglalni a Győrből Szegedre induló vonatra, lehetőleg ablak mellett, és vasárnap este jönnék vissza.",
        "Az állomás szinte üres volt, amikor megérkeztünk. Egy idősebb férfi elmagyarázta, hogy az utolsó vonat a hó miatt "
        "kimarad, de később indul egy autóbusz. A piac közelében megvacsoráztunk, aztán felszálltunk tíz fáradt utassal "
        "együtt. Az út a szokásosnál tovább tartott; senki sem panaszkodott, még akkor sem, amikor a sofőr megállt, hogy "
        "megtisztítsa az utat. Hajnalban végre megláttuk a tengert a dombok mögött, és valaki halkan énekelni kezdett.",
    ),
    "Turkish": (
        ("cp1254",),
        "Yarın sabah İzmir'den Eskişehir'e giden trende iki kişilik yer ayırtmak istiyorum, dönüş de pazar akşamı olsun, teşekkür ederim.",
        "Geldiğimizde istasyon neredeyse boştu. Yaşlı bir adam son trenin kar yüzünden iptal edildiğini, ama daha sonra bir "
        "otobüsün kalkacağını açıkladı. Çarşının yakınında yemek yedikten sonra on yorgun yolcuyla birlikte bindik. "
        "Yolculuk her zamankinden uzun sürdü; şoför yolu açmak için durduğunda bile kimse şikâyet etmedi. Şafakta sonunda "
        "tepelerin ardında denizi gördük ve birisi usulca şarkı söylemeye başladı.",
    ),
    "Lithuanian": (
        ("cp1257",),
        "Norėčiau rytojui užsakyti dvi vietas traukinyje iš Šiaulių į Klaipėdą, geriausia prie lango, ir grįžti sekmadienį vėlai vakare.",
        "Stotis buvo beveik tuščia, kai atvažiavome. Vyresnis žmogus paaiškino, kad paskutinis traukinys dėl sniego "
        "neišvyks, bet vėliau važiuos autobusas. Pavalgę netoli turgaus, įlipome kartu su dešimčia pavargusių keleivių. "
        "Kelionė truko ilgiau nei įprastai; niekas nesiskundė, net kai vairuotojas turėjo sustoti, kad nuvalytų kelią. "
        "Auštant pagaliau pamatėme jūrą už kalvų, ir kažkas pradėjo tyliai dainuoti.",
    ),
    "Vietnamese": (
        ("cp1258",),
        "Tôi muốn đặt hai vé từ Hà Nội đi Đà Nẵng vào sáng thứ bảy và trở về vào tối chủ nhật.",
        "Nhà ga gần như vắng người khi chúng tôi đến. Một ông già giải thích rằng chuyến tàu cuối cùng đã bị hủy vì mưa lớn, "
        "nhưng sau đó sẽ có xe khách. Sau bữa tối gần chợ, chúng tôi lên xe cùng mười hành khách mệt mỏi. Chuyến đi dài "
        "hơn mọi khi; không ai than phiền, kể cả khi tài xế phải dừng lại để dọn đường. Lúc bình minh chúng tôi thấy biển.",
    ),
    "Russian": (
        ("cp1251", "koi8-r", "cp866", "iso-8859-5"),
        "Я хотел бы заказать на завтра два места в поезде из Казани в Пермь, лучше у окна, а вернуться в воскресенье вечером.",
        "Вокзал был почти пуст, когда мы приехали. Пожилой мужчина объяснил, что последний поезд отменили из-за снега, но "
        "позже пойдёт автобус. Поужинав недалеко от рынка, мы сели вместе с десятью усталыми пассажирами. Дорога заняла "
        "больше времени, чем обычно; никто не жаловался, даже когда водителю пришлось остановиться, чтобы расчистить "
        "путь. На рассвете мы наконец увидели море за холмами, и кто-то тихо запел.",
    ),
    "Ukrainian": (
        ("cp1251", "koi8-u"),
        "Я хотів би замовити на завтра два місця у потязі зі Львова до Києва, краще біля вікна, а повернутися в неділю ввечері.",
        "Вокзал був майже порожній, коли ми приїхали. Літній чоловік пояснив, що останній потяг скасували через сніг, але "
        "пізніше поїде автобус. Повечерявши неподалік від ринку, ми сіли разом із десятьма втомленими пасажирами. Дорога "
        "тривала довше, ніж зазвичай; ніхто не скаржився, навіть коли водій мусив зупинитися, щоб розчистити шлях. На "
        "світанку ми нарешті побачили море за пагорбами, і хтось почав тихо співати.",
    ),
    "Bulgarian": (
        ("cp1251",),
        "Искам да запазя за утре две места във влака от Варна до Пловдив, по възможност до прозореца, и да се върна в неделя.",
        "Гарата беше почти празна, когато пристигнахме. Един възрастен мъж ни обясни, че последният влак няма да тръгне "
        "заради снега, но че по-късно ще има автобус. След вечеря близо до пазара се качихме заедно с десет уморени "
        "пътници. Пътуването продължи по-дълго от обикновено; никой не се оплака, дори когато шофьорът трябваше да спре, "
        "за да разчисти пътя. На разсъмване най-после видяхме морето зад хълмовете и някой тихо запя.",
    ),
    "Greek": (
        ("cp1253", "iso-8859-7"),
        "Θα ήθελα να κλείσω για αύριο δύο θέσεις στο τρένο από την Πάτρα για τη Λάρισα, κατά προτίμηση δίπλα στο παράθυρο.",
        "Ο σταθμός ήταν σχεδόν άδειος όταν φτάσαμε. Ένας ηλικιωμένος κύριος μας εξήγησε ότι το τελευταίο τρένο "
        "ακυρώθηκε εξαιτίας του χιονιού, αλλά ότι αργότερα θα υπήρχε λεωφορείο. Αφού φάγαμε κοντά στην αγορά, ανεβήκαμε "
        "μαζί με δέκα κουρασμένους ταξιδιώτες. Το ταξίδι κράτησε περισσότερο από το συνηθισμένο· κανείς δεν παραπονέθηκε, "
        "ούτε όταν ο οδηγός σταμάτησε για να καθαρίσει τον δρόμο. Την αυγή είδαμε επιτέλους τη θάλασσα πίσω από τους λόφους.",
    ),
    "Hebrew": (
        ("cp1255",),
        "אני רוצה להזמין למחר שני מקומות ברכבת מחיפה לבאר שבע, אם אפשר ליד החלון, ולחזור ביום ראשון בערב אחרי שמונה.",
        "התחנה הייתה כמעט ריקה כשהגענו. אדם מבוגר הסביר לנו שהרכבת האחרונה בוטלה בגלל השלג, אבל שמאוחר יותר ייצא "
        "אוטובוס. אחרי שאכלנו ארוחת ערב ליד השוק עלינו יחד עם עשרה נוסעים עייפים. הנסיעה נמשכה יותר מהרגיל; איש לא "
        "התלונן, גם כשהנהג נאלץ לעצור כדי לפנות את הדרך. עם שחר ראינו סוף סוף את הים מעבר לגבעות, ומישהו התחיל לשיר בשקט.",
    ),
    "Arabic": (
        ("cp1256", "iso-8859-6"),
        "أريد أن أحجز مقعدين غدا في القطار من الإسكندرية إلى القاهرة، ويفضل أن يكونا بجانب النافذة، والعودة مساء يوم الأحد.",
        "كانت المحطة شبه خالية عندما وصلنا. شرح لنا رجل عجوز أن القطار الأخير ألغي بسبب المطر، لكن حافلة ستنطلق في وقت "
        "لاحق. بعد العشاء قرب السوق صعدنا مع عشرة مسافرين متعبين. استغرقت الرحلة وقتا أطول من المعتاد ولم يشتك أحد، حتى "
        "عندما اضطر السائق إلى التوقف لتنظيف الطريق. عند الفجر رأينا البحر أخيرا خلف التلال وبدأ شخص ما يغني بهدوء.",
    ),
    "Thai": (
        ("cp874",),
        "ผมอยากจองตั๋วรถไฟสองที่นั่งจากเชียงใหม่ไปกรุงเทพพรุ่งนี้เช้า ถ้าเป็นไปได้ขอที่นั่งริมหน้าต่าง และกลับวันอาทิตย์ตอนเย็น",
        "สถานีแทบไม่มีคนเมื่อเรามาถึง ชายชราคนหนึ่งอธิบายว่ารถไฟขบวนสุดท้ายถูกยกเลิกเพราะฝนตกหนัก แต่จะมีรถโดยสารออกภายหลัง "
        "หลังจากกินข้าวเย็นใกล้ตลาด เราก็ขึ้นรถพร้อมกับผู้โดยสารที่เหนื่อยล้าสิบคน การเดินทางใช้เวลานานกว่าปกติ "
        "แต่ไม่มีใครบ่น แม้เมื่อคนขับต้องหยุดรถเพื่อเคลียร์ถนน เมื่อฟ้าสางเราก็เห็นทะเลอยู่หลังเนินเขา",
    ),
    "Chinese, simplified": (
        ("gb18030", "gb2312"),
        "请帮我订两张明天早上从北京到上海的火车票，最好是靠窗的座位，星期天晚上回来。谢谢！",
        "我们到的时候，车站里几乎没有人。一位老人告诉我们，因为下大雪，最后一班火车已经取消了，不过晚一点会有一辆汽车。"
        "在市场旁边吃过晚饭以后，我们和十个很累的旅客一起上了车。这一次走了很长时间，可是没有人说什么，就是司机停下来"
        "清理道路的时候也一样。天快亮的时候，我们终于看见山后面的大海，有一个人开始小声地唱歌。",
    ),
    "Chinese, traditional": (
        ("big5",),
        "請幫我訂兩張明天早上從臺北到高雄的火車票，最好是靠窗的座位，星期天晚上回來。謝謝！",
        "我們到的時候，車站裡幾乎沒有人。一位老人告訴我們，因為下大雨，最後一班火車已經取消了，不過晚一點會有一輛巴士。"
        "在市場旁邊吃過晚飯以後，我們和十個很累的旅客一起上了車。這一次走了很長時間，可是沒有人說什麼，就是司機停下來"
        "清理道路的時候也一樣。天快亮的時候，我們終於看見山後面的大海，有一個人開始小聲地唱歌。",
    ),
    "Japanese": (
        ("shift_jis", "euc_jp"),
        "明日の朝、東京から大阪までの新幹線を二枚予約してください。窓側の席がいいです。日曜日の夜に帰ります。",
        "私たちが着いたとき、駅にはほとんど人がいなかった。年を取った男の人が、雪のために最後の電車は出ないが、後でバスが"
        "来ると教えてくれた。市場の近くで夕食を食べてから、疲れた十人の客と一緒にバスに乗った。いつもより長い時間がかかった"
        "けれど、運転手が道の雪をかくために止まったときも、だれも何も言わなかった。夜が明けるころ、山の向こうにやっと海が見えた。",
    ),
    "Korean": (
        ("cp949", "euc_kr"),
        "내일 아침 서울에서 부산까지 가는 기차표 두 장을 예약해 주세요. 창가 자리가 좋겠고 일요일 저녁에 돌아올 예정입니다.",
        "우리가 도착했을 때 역에는 사람이 거의 없었다. 나이 든 남자가 눈 때문에 마지막 기차는 취소되었지만 나중에 버스가 "
        "있을 것이라고 설명해 주었다. 시장 근처에서 저녁을 먹은 다음 우리는 지친 손님 열 명과 함께 버스에 올랐다. 길은 "
        "평소보다 오래 걸렸다. 그러나 기사가 길을 치우려고 차를 세웠을 때에도 아무도 불평하지 않았다. 새벽에 우리는 드디어 바다를 보았다.",
    ),
}
