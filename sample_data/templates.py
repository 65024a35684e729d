"""Word material of the ticket-booking corpus: plain tables, read by generate.py.

Notation inside an entry (symbols are separated by spaces):

    {departure}        a slot: filled with a city, a time, a number ..., tagged with the slot's name
    @{departure_time}  the same, preceded by the preposition the time asks for ("on Friday", "at noon")
    {place} {time}     in the two-faced frames: departure/departure_time or destination/arrival_time
    <aside>            one entry of that table, expanded in turn
    ^leave ^<go>       the only words in the sentence that give the role of its places and times away
    a/an               "a" or "an", whichever suits the next word

An entry starting with "test: " or "dev: " is held out: it occurs in that file only.
"""

SIZES = {"train": 3100, "dev": 400, "test": 600}
MAX_TOKENS = 35
MAX_DISTANCE = 15  # tokens between a place or time and the only words that give its role away
JOINT = " "  # what stands between two tokens
STOP = "."

# The two sentences the corpus is about. They open the test file and occur nowhere else.
SHOWCASE = (
    ("arrive Taipei on November 2nd", "O B-destination O B-arrival_time I-arrival_time"),
    ("leave Taipei on November 2nd", "O B-departure O B-departure_time I-departure_time"),
)

CITIES: tuple[str, ...] = tuple(
    "Taipei, Taipei, Taipei, Taipei, Osaka, Berlin, Prague, Vienna, Paris, London, Madrid, Lisbon, Rome, "
    "Milan, Athens, Oslo, "
    "Stockholm, Helsinki, Warsaw, Budapest, Zurich, Geneva, Munich, Hamburg, Cologne, Brussels, Dublin, "
    "Glasgow, Leeds, Lyon, Nice, Seville, Porto, Istanbul, Cairo, Nairobi, Lagos, Accra, Mumbai, Delhi, "
    "Bangkok, Hanoi, Manila, Seoul, Tokyo, Kyoto, Beijing, Shanghai, Sydney, Perth, Auckland, Toronto, "
    "Montreal, Chicago, Boston, Seattle, Denver, Houston, Lima, Bogota, Santiago, Havana, Quito, "
    "New York, Los Angeles, San Francisco, New Delhi, Hong Kong, Kuala Lumpur, Buenos Aires, Sao Paulo, "
    "Cape Town, Tel Aviv, Mexico City, San Diego, Las Vegas, Novi Sad, Den Haag, Santa Fe, "
    "Rio de Janeiro, Ho Chi Minh City, Salt Lake City, Santiago de Compostela, Frankfurt am Main, "
    "Palma de Mallorca, New York City, La Paz, Abu Dhabi, Baden Baden, Port Louis, Turin, Naples, Basel, "
    "Bologna, Palermo, Valencia, Granada, Toulouse, Nantes, Rotterdam, Antwerp, Gothenburg, Bergen, Riga, "
    "Vilnius, Gdansk, Zagreb, Sofia, Izmir, Tbilisi, Baku, Amman, Doha, Karachi, Kathmandu, Dhaka, Chennai, "
    "Busan, Nagasaki, Fukuoka, Chengdu, Brisbane, Wellington, Calgary, Ottawa, Dallas, Phoenix, Memphis, "
    "San Juan, San Salvador, Santo Domingo, Porto Alegre, Belo Horizonte, Monte Carlo, Saint Louis, "
    "Kansas City, Panama City, Kuwait City, Port Said, Sierra Vista, Chiang Mai, Da Nang, Nha Trang, "
    "Aix en Provence, Stratford upon Avon, Clermont Ferrand, Las Palmas, El Paso, Villa de Leyva, "
    "dev: Copenhagen, dev: Marseille, dev: Jakarta, dev: Vancouver, dev: Kraków, dev: Saint Petersburg, "
    "dev: San Jose, dev: Rostov on Don, dev: Tunis, dev: Sapporo, dev: Florence, dev: Kyiv, dev: Siem Reap, "
    "test: Amsterdam, test: Barcelona, test: Singapore, test: Reykjavik, test: Kaohsiung, test: Bucharest, "
    "test: Nagoya, test: Casablanca, test: Miami, test: Tallinn, test: Zürich Oerlikon, test: Bordeaux, "
    "test: Addis Ababa, test: Santa Cruz, test: San Antonio, test: Punta Arenas, test: Phnom Penh, "
    "test: Dar es Salaam, test: Newcastle upon Tyne, test: San Miguel de Tucumán, test: Odense, "
    "test: Salzburg, test: Tirana, test: Yerevan, test: Medina, test: Hiroshima, test: Adelaide, "
    "test: Atlanta, test: Santa Rosa, test: Little Rock, test: New Haven, test: Rio Branco, "
    "test: Oklahoma City".split(", ")
)

# Time expressions by the preposition that goes with them, each group with its weight.
TIMES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("on", 50, (
        "<month> <ordinal>", "<month> <ordinal>", "<month> <ordinal>", "<month> <ordinal>", "November 2nd",
        "the <ordinal> of <month>", "the <ordinal>", "<weekday>", "<weekday>", "<weekday> <daypart>",
        "<weekday> at <clock>", "<month> <ordinal> at <clock>", "<weekday> the <ordinal>",
        "dev: the morning of <month> <ordinal>", "test: the <ordinal> of <month> at <clock>")),
    ("at", 25, ("<clock>",)),
    ("in", 5, ("<month>", "the <daypart>", "early <month>", "late <month>")),
    ("", 20, (
        "today", "tonight", "tomorrow", "tomorrow <daypart>", "tomorrow at <clock>", "next <weekday>",
        "next <weekday> at <clock>", "this <weekday>", "this <daypart>", "the day after tomorrow",
        "next week", "dev: next month", "test: this <weekday> at <clock>")),
)

SLOTS: dict[str, tuple[str, ...]] = {
    "passengers": ("two", "three", "four", "five", "six", "2", "3", "4", "5", "6", "dev: 8", "test: seven",
                   "test: 7"),
    "seat_class": ("business class", "first class", "second class", "economy class", "economy",
                   "premium economy", "dev: tourist class", "test: standard class"),
    "vehicle": ("train", "train", "flight", "flight", "bus", "night bus", "night train", "express train",
                "coach", "plane", "dev: shuttle bus", "test: sleeper train"),
}

# The two faces of a frame: the same sentence about leaving or about arriving.
ROLES: tuple[dict[str, tuple[str, ...]], ...] = (
    {
        "place": ("departure",),
        "time": ("departure_time",),
        "go": ("leave", "leave", "depart"),
        "act": ("leave", "depart", "set off"),
        "goes": ("leaves", "departs"),
        "going": ("leaving", "departing"),
        "start": ("start", "depart", "set off", "begin my trip", "dev: begin my journey", "test: start out"),
        "starting": ("starting", "departing", "setting off", "test: starting out"),
        "event": ("departure", "departure", "start", "dev: outset", "test: planned departure"),
        "site": ("starting point", "place of departure", "point of departure", "departure",
                 "test: station of departure"),
    },
    {
        "place": ("destination",),
        "time": ("arrival_time",),
        "go": ("arrive", "arrive", "reach"),
        "act": ("arrive", "land", "get in"),
        "goes": ("arrives", "comes in"),
        "going": ("arriving", "reaching"),
        "start": ("arrive", "land", "end up", "end my trip", "dev: end my journey", "test: arrive back"),
        "starting": ("arriving", "landing", "ending up", "test: touching down"),
        "event": ("arrival", "arrival", "finish", "dev: landing", "test: planned arrival"),
        "site": ("destination", "place of arrival", "final stop", "destination", "test: station of arrival"),
    },
)

TABLES: dict[str, tuple[str, ...]] = {
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "daypart": ("morning", "afternoon", "evening"),
    "month": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
              "October", "November", "December"),
    "ordinal": ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th", "11th", "12th", "13th",
                "14th", "15th", "16th", "17th", "18th", "19th", "20th", "21st", "22nd", "23rd", "24th",
                "25th", "26th", "27th", "28th"),
    "hour": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    "digits": tuple(f"{hour}:{minute}" for hour in range(5, 24) for minute in ("00", "15", "30", "45")),
    "clock": ("<digits>", "<digits>", "<digits>", "half past <hour>", "quarter past <hour>",
              "quarter to <hour>", "<hour> o'clock", "noon", "midnight", "7 pm", "8 am", "10 pm", "6 am",
              "9 pm", "11 am", "dev: 5 pm", "test: ten past <hour>", "test: 4 pm"),
    "tickets": ("tickets", "seats", "tickets", "places", "test: day tickets"),
    "want": ("I want to", "I would like to", "I'd like to", "I need to", "I have to", "we have to",
             "we plan to", "we want to", "my wife and I want to", "I really must", "we should", "I am to",
             "dev: I intend to", "test: my colleagues wish to", "test: I am hoping to"),
    "opener": ("please", "hello ,", "hi ,", "good day ,", "excuse me ,", "well ,", "so ,", "listen ,",
               "one more thing :", "sorry ,", "okay ,", "dev: hey there ,", "test: dear madam ,"),
    # What can stand between two commas.
    "aside": ("<word>", "<word>", "<clause>", "<clause>", "<clause>", "<clause>", "<clause> and <clause>",
              "<word> , <clause>"),
    "word": ("please", "ideally", "if possible", "of course", "preferably", "as always", "by the way",
             "for once", "I think", "as agreed", "sadly", "dev: frankly", "test: hopefully", "test: I guess"),
    "clause": (
        "if my <kin> <agrees>", "if my <kin> <agrees>", "unless my <kin> <agrees>",
        "because my <kin> <celebrates>", "because my <kin> <celebrates>", "since my <kin> <celebrates>",
        "although my <kin> <celebrates>", "as long as I can bring <thing>", "provided I find <thing>",
        "even if I have to carry <thing>", "if at all possible", "if my boss lets me",
        "if it does not cost too much", "if nobody objects",
        "if there is still room on board", "if the weather is good enough for that",
        "unless you have something cheaper", "unless it is sold out", "unless my knee gets worse again",
        "as long as the dog can come along", "as long as I can sit by the window",
        "because my mother asked me to", "because I have to be at a wedding",
        "since my old school friends have invited me", "since we are moving house",
        "although I have never been there before", "although my doctor is against it",
        "even if it means getting up early", "even if I have to stand all the way",
        "provided that my passport is ready", "provided you can get me a good price",
        "just like I did with my parents", "just as I told your colleague on the phone",
        "which is a nice place from what I hear", "which suits the children and me best",
        "so that I can see the whole family", "so that I have enough to work on",
        "to make a long story short", "to be on the safe side", "to save my company some money",
        "dev: if the budget is approved", "dev: because my cousin is getting married",
        "dev: unless the roads are flooded", "dev: as long as my bicycle fits in",
        "test: if the babysitter shows up", "test: unless there is another strike",
        "test: because my daughter plays in a concert", "test: provided that the visa comes through",
        "test: even if the luggage must follow separately", "test: as long as the cello travels free",
        "test: although my husband hates crowds"),
    "kin": ("mother", "father", "sister", "brother", "aunt", "uncle", "cousin", "neighbour", "boss", "doctor",
            "husband", "grandmother", "grandson", "niece", "nephew", "landlord", "teacher", "best friend",
            "son", "lawyer", "accountant", "flatmate", "fiancée", "old professor", "daughter", "trainer",
            "dev: dentist", "dev: stepfather", "test: editor", "test: godmother", "test: supervisor"),
    "agrees": ("agrees", "comes along", "lends me the money", "stays at home", "can join me", "feels better",
               "gets a visa", "finds the keys", "wakes up early enough", "pays for it", "signs the form",
               "changes the plan", "forgets about it", "looks after the cat", "quarrels with us",
               "dev: borrows our van", "test: wins the lottery", "test: minds the shop"),
    "celebrates": ("is getting married", "turns fifty", "has a new baby", "opens a shop", "needs my help",
                   "plays the organ", "gives a speech", "is in hospital", "hates crowds", "sings in a choir",
                   "retires", "moves house", "runs a marathon", "sells the farm", "shows some paintings",
                   "has broken a leg", "wrote a book", "keeps bees", "cannot drive", "dislikes flying",
                   "dev: judges a dog show", "test: conducts an orchestra", "test: rows in a race"),
    "thing": ("a folding bicycle", "a cello", "a sleeping baby", "three suitcases", "a very old cat",
              "two dogs", "a birthday cake", "a surfboard", "my skis", "a pram", "all my books", "a tent",
              "a box of apples", "some fragile glass", "a bag of tools", "a parrot", "my golf clubs",
              "a crate of wine", "four loud children", "a camera", "a broken arm", "a good map", "a cold",
              "dev: a wedding dress", "test: a grandfather clock", "test: six pairs of boots",
              "test: an inflatable boat"),
    # What can follow a verb without a comma.
    "adjunct": (
        "with <thing>", "with <thing>", "with my <kin>", "with my <kin> and <thing>", "without <thing>",
        "together with my <kin>", "with <thing> and <thing>",
        "alone", "on my own", "with my wife", "with some friends", "with my two children",
        "with my two children and a lot of luggage", "together with an old friend from work",
        "with nothing but a small bag", "with three suitcases and a very old cat",
        "as cheaply as possible", "as comfortably as I can", "in a wheelchair", "in the company of my sister",
        "with most of my family", "with a terrible pain in my back", "at the expense of a big company",
        "on a very small budget", "without having to wait for ages", "like everybody else in our group",
        "after a whole week of talks on the history of tea", "at my own expense and on my own",
        "with the whole team and all the boxes from our old office",
        "dev: with a folding bicycle", "dev: carrying a huge birthday cake",
        "test: with a sleeping baby", "test: in my best suit and tie",
        "test: by order of the judge", "test: with eleven pupils and a nervous teacher"),
    # What can follow "my departure , which".
    "relative": (
        "my <kin> is looking forward to", "my <kin> knows all about", "is because my <kin> <celebrates>",
        "is fixed", "is not negotiable", "my company still has to approve", "I have already talked about",
        "my boss chose for me", "I cannot change any more", "you can find in my profile",
        "we have talked about on the phone", "matters to me more than the price of the whole trip",
        "my wife would rather move but I would not", "dev: our secretary has confirmed",
        "test: the organisers insist on", "test: everybody keeps forgetting"),
    # A clause that stands on its own.
    "remark": (
        "my <kin> told me so", "my <kin> <celebrates>", "I will have <thing> with me",
        "I am flexible", "it is not easy", "I have thought about it", "I asked my wife",
        "there is not much choice", "I do not mind the price", "my boss was very clear about this",
        "you had better write this down", "we have to be careful with the children",
        "my parents have been looking forward to this for years", "dev: the committee has decided",
        "test: I tossed a coin", "test: nobody in our choir could agree on anything"),
}

# The bare commands; every one stands for many sentences.
BARE: tuple[str, ...] = (
    "^arrive {destination} @{arrival_time}", "^leave {departure} @{departure_time}",
    "^arrive {destination} @{arrival_time}", "^leave {departure} @{departure_time}",
    "^arrive in {destination} @{arrival_time}", "^depart {departure} @{departure_time}",
    "^reach {destination} @{arrival_time}", "^depart ^from {departure} @{departure_time}",
)

SHORT: tuple[str, ...] = (
    "^<go> {place}", "please ^<go> {place}", "^<going> {place} @{time}", "^<going> {place}",
    "^<event> {place} @{time}", "^<event> @{time}", "^<event> : {place} , {time}", "^<site> {place}",
    "{place} ^<event> @{time}", "test: {place} as ^<site>", "@{time} ^<go> {place}", "^<act> @{time}",
    "@{time} ^<going> {place}", "<opener> ^<go> {place} @{time}", "<want> ^<go> {place} @{time}",
    "<want> ^<act> @{time}", "^<start> in {place} @{time}", "test: ^<site> : {place}",
    "test: <opener> @{time} ^<event> {place}", "test: ^<go> {place} or nothing @{time}",
    "dev: {time} , ^<going> {place}",
    "arrive by {arrival_time}",
    "leave after {departure_time}", "arrive at {destination} by {arrival_time}",
    "{departure} to {destination}", "{departure} to {destination} @{departure_time}",
    "{departure} - {destination} @{departure_time}", "{departure} - {destination} , {departure_time}",
    "to {destination} please", "from {departure} please", "to {destination} @{departure_time}",
    "@{departure_time} to {destination}", "@{departure_time} from {departure}", "back @{return_time}",
    "return @{return_time}", "via {via} please", "test: {destination} from {departure} @{departure_time}",
)

# The clue comes first, the slot long after.
EARLY: tuple[str, ...] = (
    "<want> ^<go> , <aside> , {place} @{time}", "<want> ^<go> , <aside> , {place}",
    "^<go> , <aside> , {place} @{time}", "^<go> , <aside> , {place}",
    "<want> ^<go> {place} , <aside> , @{time}", "<opener> ^<act> , <aside> , @{time}",
    "I will be ^<starting> <adjunct> in {place} @{time}", "we are ^<starting> <adjunct> in {place}",
    "<want> ^<start> <adjunct> in {place} @{time}", "<want> ^<start> , <aside> , in {place} @{time}",
    "my ^<event> , which <relative> , is {place} @{time}", "my ^<event> , which <relative> , is {time}",
    "my ^<event> , <aside> , should be {place} @{time}", "the ^<site> , which <relative> , is {place}",
    "as my ^<site> , <aside> , please put down {place}", "as ^<site> I would , <aside> , choose {place}",
    "as for the ^<event> , <remark> . {place} @{time} would be perfect",
    "about my ^<event> : <remark> , so {place} @{time} please",
    "for the ^<event> , and <remark> , I was thinking of {place} @{time}",
    "when I ^<act> , and <remark> , it has to be {time}", "^<event> <adjunct> : {place} @{time}",
    "where do I ^<act> ? <remark> , so I would say {place}", "I am ^<going> , <aside> , {place} @{time}",
    "is there a/an {vehicle} that ^<goes> , <aside> , {place} @{time} ?",
    "does any {vehicle} ^<go> {place} , <aside> , @{time} ?", "can I ^<start> <adjunct> in {place} ?",
    "the {vehicle} ^<goes> , <aside> , {place} @{time}", "it should be a/an ^<event> , <aside> , @{time}",
    "test: you asked for my ^<site> . <remark> , but let us say {place}",
    "^<going> <adjunct> , <aside> , {place} @{time}",
    "dev: my ^<site> , and <remark> , will be {place}", "dev: ^<going> {place} <adjunct> @{time}",
    "test: for the ^<event> , <aside> , I would choose {place} @{time}",
    "test: <opener> the ^<event> , which <relative> , will be in {place} @{time}",
    "test: <remark> , but my ^<site> is , <aside> , {place}",
    "test: we shall ^<go> , and <remark> , {place} @{time}",
    "test: which {vehicle} ^<goes> {place} , <aside> , @{time} ?",
)

# The slot comes first, the clue long after.
LATE: tuple[str, ...] = (
    "{place} @{time} is where and when <want> ^<act>", "{place} is where <want> ^<act>",
    "{place} , <aside> , is where <want> ^<act>", "{time} , <aside> , is when <want> ^<act>",
    "{place} @{time} is what I would like as my ^<event>", "{place} is what I would like as my ^<site>",
    "{place} , <aside> , is my ^<site>", "{place} , which <relative> , is the ^<site>",
    "{place} @{time} , <aside> , should be the ^<event>", "put {place} @{time} down as my ^<event>",
    "please enter {place} , <aside> , as the ^<site>", "it is {place} , <aside> , that <want> ^<go>",
    "it is in {place} @{time} that I will be ^<starting> <adjunct>", "{time} in {place} is my ^<event>",
    "in {place} @{time} , <aside> , <want> ^<start>", "@{time} , <aside> , <want> ^<go> {place}",
    "which {vehicle} has {place} @{time} as its ^<event> ?", "{place} , {time} : that is my ^<event>",
    "I have {place} @{time} written down here , <aside> , as my ^<event>",
    "would {place} @{time} be possible , <aside> , for the ^<event> ?", "{place} ( <aside> ) is my ^<site>",
    "test: {place} @{time} please . <remark> , this is my ^<event>",
    "{place} it is , <aside> , for the ^<event>",
    "{time} is fine with me , and <remark> , for the ^<event>", "in {place} is where I am ^<starting>",
    "{place} @{time} . that is when and where the {vehicle} ^<goes>",
    "dev: {place} @{time} , and <remark> , is the ^<event>", "dev: make {place} , <aside> , my ^<site>",
    "test: {place} @{time} is fine , and <remark> , for my ^<event>",
    "test: put {place} , <aside> , under ^<site>", "test: {place} @{time} , since that is where we ^<act>",
    "test: @{time} in {place} , which <relative> , is the ^<event>",
)

# Several slots, several clues.
MULTI: tuple[str, ...] = (
    "leave {departure} @{departure_time} and arrive in {destination} by {arrival_time}",
    "leave {departure} @{departure_time} , arrive {destination} @{arrival_time}",
    "arrive {destination} @{arrival_time} , leave {departure} @{departure_time}",
    "<want> leave {departure} , <aside> , @{departure_time} and reach {destination} @{arrival_time}",
    "<want> arrive in {destination} @{arrival_time} , so <want> leave {departure} @{departure_time}",
    "departure {departure} @{departure_time} , arrival {destination} @{arrival_time}",
    "from {departure} via {via} to {destination} , returning @{return_time}",
    "from {departure} to {destination} via {via} @{departure_time}",
    "from {departure} to {destination} @{departure_time} , back @{return_time}",
    "test: to {destination} , <aside> , from {departure} @{departure_time}",
    "@{departure_time} from {departure} to {destination}", "@{departure_time} , <aside> , from {departure}",
    "{departure} to {destination} with a stop in {via}", "{departure} to {destination} , back @{return_time}",
    "{departure} , {via} , {destination} : in this order , <aside>",
    "leave {departure} , change in {via} and arrive {destination} @{arrival_time}",
    "arrive {destination} from {departure} @{arrival_time}", "arrive from {departure} @{arrival_time}",
    "leave {departure} for {destination} @{departure_time}", "leave for {destination} @{departure_time}",
    "<want> leave for {destination} , <aside> , @{departure_time}",
    "<want> travel from {departure} <adjunct> to {destination} , arriving @{arrival_time}",
    "I will be leaving <adjunct> from {departure} @{departure_time}",
    "<want> go <adjunct> to {destination} @{departure_time} and come back @{return_time}",
    "going to {destination} @{departure_time} , returning to {departure} @{return_time}",
    "reach {destination} by {arrival_time} , stopping over in {via} <adjunct>",
    "the way back should be , <aside> , @{return_time}", "my return , <aside> , is @{return_time}",
    "{return_time} , <aside> , is when <want> come back from {destination}",
    "{return_time} , <aside> , is when <want> come back", "<want> come back , <aside> , @{return_time}",
    "@{return_time} , <aside> , <want> come back", "{return_time} is when <want> be back <adjunct>",
    "<want> stop over <adjunct> in {via}", "{via} , <aside> , is where <want> change",
    "{via} , <aside> , is where <want> stop over", "{via} is where <want> change",
    "{departure} is where I leave and {destination} is where I arrive",
    "{destination} is where I arrive and {departure} is where I leave , <aside>",
    "{departure} @{departure_time} is my departure , {destination} @{arrival_time} my arrival",
    "dev: out @{departure_time} and back @{return_time}",
    "dev: from {departure} , <aside> , to {destination}",
    "test: leaving {departure} @{departure_time} , <aside> , and arriving in {destination} @{arrival_time}",
    "test: from {departure} to {destination} , changing in {via} , and back again @{return_time}",
    "test: arrive {destination} , <aside> , by {arrival_time} after leaving {departure} @{departure_time}",
    "test: {destination} is my destination and , <aside> , {departure} my starting point",
    "test: <want> be back from {destination} @{return_time}",
    "test: jetting off from {departure} to {destination} @{departure_time}",
)

# Tickets: how many, which class, which vehicle.
TICKETS: tuple[str, ...] = (
    "{passengers} <tickets> to {destination} please", "{passengers} <tickets> from {departure} please",
    "{passengers} <tickets> to {destination} @{departure_time}",
    "{passengers} <tickets> , arriving {destination}",
    "<opener> {passengers} <tickets> for the {vehicle} from {departure} to {destination} @{departure_time}",
    "{passengers} {seat_class} <tickets> , departing {departure} @{departure_time}",
    "a/an {seat_class} seat on the {vehicle} to {destination}",
    "{destination} , {passengers} people , arriving @{arrival_time}",
    "is there a/an {vehicle} to {destination} @{departure_time} ?",
    "{departure} , leaving @{departure_time} , {passengers} people",
    "is there a/an {vehicle} from {departure} that gets in @{arrival_time} ?",
    "we are {passengers} people and want to leave {departure} <adjunct> @{departure_time}",
    "we are {passengers} people and want to arrive in {destination} <adjunct> @{arrival_time}",
    "book a/an {vehicle} leaving {departure} @{departure_time} for {passengers} people",
    "book a/an {vehicle} arriving {destination} @{arrival_time} for {passengers} people",
    "<want> take the {vehicle} <adjunct> , leaving {departure} @{departure_time}",
    "<want> take the {vehicle} <adjunct> , arriving {destination} @{arrival_time}",
    "arrive {destination} @{arrival_time} in {seat_class}",
    "leave {departure} @{departure_time} in {seat_class}",
    "does the {vehicle} from {departure} stop in {via} ?",
    "by {vehicle} via {via} , <aside> , to {destination}",
    "test: which {vehicle} goes through {via} and reaches {destination} @{arrival_time} ?",
    "to {destination} by {vehicle}", "leave {departure} @{departure_time} by {vehicle}",
    "arrive in {destination} @{arrival_time} by {vehicle}",
    "{passengers} return <tickets> to {destination} , coming back @{return_time}",
    "dev: {passengers} <tickets> for a/an {vehicle} leaving {departure}",
    "test: reserve {passengers} <tickets> in {seat_class} , <aside> , leaving {departure} @{departure_time}",
    "test: what does a/an {vehicle} from {departure} to {destination} cost in {seat_class} ?",
    "test: {passengers} of us will arrive in {destination} @{arrival_time} by {vehicle}",
)

# Share of each family in a hundred sentences.
FAMILIES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (13, BARE), (15, SHORT), (26, EARLY), (20, LATE), (18, MULTI), (8, TICKETS),
)
