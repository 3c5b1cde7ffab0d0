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
}
