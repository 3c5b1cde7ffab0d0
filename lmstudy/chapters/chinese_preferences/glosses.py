"""English for those of the models' Chinese texts that the book shows, as broken as they are; a test knows them all."""

GLOSSES = {
    # From nothing: maximum likelihood
    "位置还可以，刚继续20008元，地毯很爽，总之，房间太旧，原来不能还在样。": (
        "The location is all right, just carry on 20008 yuan, the carpet is great, in short, the room is too old, "
        "originally cannot still be like."
    ),
    "100-4.5009999999的4.屏幕是不错的80的，不错。": "100-4.5009999999's 4. the screen is a not bad one of 80, not bad.",
    "外观不错，有键盘器，我们酒店才都是位，早餐太麻烦。": (
        "It looks not bad, has a keyboard device, our hotel only then are all seats, breakfast is too much bother."
    ),
    # From nothing: conditional, asked for good
    "电池也不错，环境不错，服务很偏，完美屏，性价比高，质量很好。": (
        "The battery is not bad either, surroundings not bad, service very out of the way, perfect screen, good value, "
        "quality very good."
    ),
    "房间比较很松，前台很新，房间（虽然就是不能不能换了，4小时1660点，但刚订2.": (
        "The room is rather very loose, the front desk very new, the room (although it just cannot cannot be changed, "
        "4 hours 1660 o'clock, but just booked 2."
    ),
    (
        "4.10多1009，但是房间内容很好，房间很大，可惜他们一个指纹，这其的是到我们房间，有可说，但是房间是稍一般，"
        "但是绝对还是把坚持的头的，别得买了。配置难得，我们没外，屏幕太小，收货到180000多，没有多，感觉一般。"
        "不过在周去三天，价格，房间不通\ufffd的。"
    ): (
        "4.10 and more 1009, but the content of the room is very good, the room is very big, a pity they one "
        "fingerprint, this is to our room, might be said, but the room is slightly so-so, …"
    ),
    # From nothing: conditional, asked for bad
    "键盘发热偏都不错": "The keyboard gets hot, rather all not bad",
    (
        "2.22、1009，但是房间有点满意，酒店服务陈旧。不过本本很一般，但是说再非常不好，我房间，单间3，有点不错的，"
        "估计真她出门，但是房间也这样，结果才购入住。我自己说酒店，不会所谓的房间。让我基本上还有在的单，"
        "要要去给物乱了。"
    ): (
        "2.22, 1009, but the room is somewhat satisfied, the hotel's service is outdated. But the notebook is very "
        "so-so, but to say it again extremely bad, my room, single 3, somewhat not bad, …"
    ),
    "2，3、无线网卡大，而且不能走，希望：100分钟的系统，还有上网本400元，晚上600.2月30的，特别方便": (
        "2, 3. the wireless card is big, and cannot walk, hope: a system of 100 minutes, and a netbook 400 yuan, in "
        "the evening 600. of 30 February, especially convenient"
    ),
    # Behind beginnings: the Chinese model, with control tokens of its own
    "键盘可以适应高速打字": "The keyboard can cope with fast typing",
    (
        "，性价比也比P，散热做工不错，还有万下的有点难，散热不错，电视的极差，环境适合键盘，中高、装的，地理位置"
        "后这个无家，感觉一般，房间的只有15小时，酒店一点。"
    ): (
        ", the value is better than P, too, cooling and workmanship not bad, there is a bit of trouble under "
        "ten thousand, cooling not bad, the extremely poor of the television, …"
    ),
    "，没有以后，我也安装系统开了，我一走吧，房间是散热，虽然环境有太少。": (
        ", without afterwards, I also installed the system and opened it, let me leave, the room is cooling, "
        "although of surroundings there are too few."
    ),
    "，设施很难，居然送上网的，在13元，但不紧电，也是在宁海多。我住没行。": (
        ", the facilities are very difficult, even delivers the internet, at 13 yuan, but not tight power, "
        "also many in Ninghai. I stayed not all right."
    ),
    "看网上评价不错，买了一本翻了": "Saw that the reviews on the net were not bad, bought one, leafed through",
    (
        "还没东西，但比较齐全，速度很好，价格无可效果，性价比也不也很合理。比是400990元，非常漂亮。而且不明"
        "显。价格没有色的，还大。"
    ): (
        "still nothing, but rather complete, the speed is very good, the price could have no effect, the "
        "value is also not also very reasonable. …"
    ),
    "要不要送，没有写给我时。": "want it delivered or not, did not write to me when.",
    (
        "贴得，但我们很喜欢。你说一日，可是那像很多一个义向这个，为上看，把朋友，我觉得都算一个一次的，我真的看了"
        "我们能会提出的，我觉得要给您入住！不成从看？这个文字在让人来。"
    ): ("stuck on, but we like it very much. You say one day, but that is like very many a meaning toward this, …"),
    # Behind beginnings: the bilingual model, with control tokens from English
    ",但是在一到几岁.": ", but at one to a few years of age.",
    "，能入住，很得自己太失望，服务不我一般。": ", can check in, very get oneself too disappointed, the service not me so-so.",  # noqa: E501
    (",但是在有有根X的,酒店,200000000008年.25000080的,就是房间,100,性价比比较太脏."): (
        ", but in have have root X, hotel, the year 200000000008. 25000080, that is the room, 100, the value "
        "rather too dirty."
    ),
    "看网上评价不错，买了一本": "Saw that the reviews on the net were not bad, bought one",
    "因为你的。": "because of yours.",
    (
        "，只有定，中地的房间，晚上就没有别的，一直小中合了。在加了，这没有三天的，说是用到这个硬件小，我“放重了"
        "，为什么很本书，还是在什么多时的本来，但感觉一步的比把从特的，有说。"
    ): (
        ", only ordered, a room of the middle ground, in the evening there was nothing else, all the time "
        "small middle closed. …"
    ),
    "楼也好，只书的宾馆。": "the building is good, too, a hotel of only books.",
    "看到很多评价都很高，结果期待": "Saw that many reviews were very high, so the expectation",
    (
        "不知一小时，网上订也不是，但我会地到，不是没有早餐大酒店，服务酒店的一点， "
        "从2999的，会不怎么样，所以前一条20000，就是住了40岁299点，在4908点，我太色，但是酒店包"
        "的10009的，不错，有几日入住，酒店一直入住的包。"
    ): (
        "not know one hour, booked on the net is not it either, but I will there arrive, is there no "
        "breakfast big hotel, …"
    ),
    "这个品种的。": "of this kind.",
    "这些是服务员的使用。": "these are the use of the waiters.",
}
